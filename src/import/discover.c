#include "import/discover.h"

#include "base/path.h"
#include "docker/context-list.h"
#include "docker/context.h"
#include "import/candidate.h"
#include "import/known-hosts.h"
#include "import/ssh-config.h"
#include "import/ssh-hosts.h"
#include "store/endpoint.h"
#include "store/store.h"
#include "ui/out.h"
#include "ui/progress.h"

#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 8

struct finder {
    struct candidate *items;
    size_t count;
    bool no_ssh;
    struct ssh_config_reader *reader;
    struct strv checked; /* known_hosts files that were looked at */
    struct progress *progress;
};

/* A host to look for, with the settings that its source gives. */
struct wanted {
    const char *host;
    const char *user;   /* NULL: as the configuration says */
    int64_t port;       /* 0: likewise */
    const char *jumps;  /* NULL: likewise */
    const char *socket; /* NULL: the usual one */
    const char *name, *from;
    bool is_hop, is_context;
};

static size_t find_candidate(struct finder *f, const struct wanted *w, int depth, const char **why);

/* ---- one host ------------------------------------------------------------ */

/* Without ssh: the settings as the source has them. */
static void take_literally(const struct wanted *w, struct ssh_config *c)
{
    *c = (struct ssh_config){ .hostname = mem_strdup(w->host),
                              .user = mem_strdup(w->user),
                              .port = w->port != 0 ? w->port : 22 };
    strv_add(&c->known_hosts, "/etc/ssh/ssh_known_hosts");
    char *home = path_home(NULL);
    if (home != NULL) {
        char *path = mem_printf("%s/.ssh/known_hosts", home);
        strv_add(&c->known_hosts, path);
        free(path);
    }
    free(home);
}

/* A file that is there and cannot be read explains why a host has no pin. */
static void check_known_hosts(struct finder *f, const struct strv *paths)
{
    for (size_t i = 0; i < paths->count; i++) {
        struct err e = ERR_INIT;
        if (strv_contains(&f->checked, paths->items[i]))
            continue;
        strv_add(&f->checked, paths->items[i]);
        if (known_hosts_check(paths->items[i], &e) == 0)
            continue;
        progress_hide(f->progress);
        out_note(NULL, "its keys are left out: %s%s%s", e.msg, e.hint[0] != '\0' ? "; " : "", e.hint);
    }
}

/* ---- its hops ------------------------------------------------------------ */

/* "[ssh://][USER@]HOST[:PORT]" as ssh prints a jump: with brackets around an
 * IPv4 address too. */
static int parse_jump(const char *spec, struct endpoint *ep)
{
    char *url = strncmp(spec, "ssh://", 6) == 0 ? mem_strdup(spec) : mem_printf("ssh://%s", spec);
    char *open = strchr(url, '['), *close = strchr(url, ']');

    if (open != NULL && close > open && memchr(open, ':', (size_t)(close - open)) == NULL) {
        memmove(close, close + 1, strlen(close));
        memmove(open, open + 1, strlen(open));
    }
    int rc = endpoint_parse(url, ep, NULL);
    free(url);
    return rc;
}

/* The last host of the list is the nearest; those before it are its own hops, in place of
 * those that its configuration names. */
static size_t find_hop(struct finder *f, const char *jumps, int depth, const char **why)
{
    const char *comma = strrchr(jumps, ',');
    char *before = comma != NULL ? mem_printf("%.*s", (int)(comma - jumps), jumps) : NULL;
    struct endpoint ep = { 0 };
    size_t found = CANDIDATE_NONE;

    if (parse_jump(comma != NULL ? comma + 1 : jumps, &ep) == 0) {
        const struct wanted hop = { .host = ep.host,
                                    .user = ep.user,
                                    .port = ep.port,
                                    .jumps = before,
                                    .socket = PROFILE_NO_SOCKET,
                                    .name = ep.host,
                                    .from = "ssh config, a jump",
                                    .is_hop = true };
        found = find_candidate(f, &hop, depth + 1, why);
    } else {
        *why = "its ProxyJump cannot be read";
    }
    endpoint_clear(&ep);
    free(before);
    return found;
}

/* A host that only a ProxyJump had mentioned takes the name that another source gives. */
static void join(struct candidate *old, const struct candidate *at)
{
    if (old->is_nameless && !at->is_nameless) {
        mem_replace(&old->profile->name, at->profile->name);
        mem_replace(&old->profile->socket, at->profile->socket);
        mem_replace(&old->from, at->from);
        old->is_nameless = false;
        old->is_context = at->is_context;
    }
    old->is_hop = old->is_hop || at->is_hop;
}

/* Takes over *at; returns its index. */
static size_t keep(struct finder *f, struct candidate *at)
{
    for (size_t i = 0; i < f->count; i++) {
        if (candidate_same(&f->items[i], at)) {
            join(&f->items[i], at);
            candidate_clear(at);
            return i;
        }
    }
    f->items = mem_resize(f->items, f->count + 1, sizeof *f->items);
    f->items[f->count] = *at;
    return f->count++;
}

static int resolve(struct finder *f, const struct wanted *w, struct ssh_config *c, struct err *e)
{
    char *text = mem_printf("ssh -G %s", w->host);

    progress_say(f->progress, text);
    free(text);
    int rc = f->no_ssh ? 1 : ssh_config_resolve(f->reader, w->host, w->user, w->port, c, e);

    if (rc <= 0)
        return rc;
    f->no_ssh = true;
    take_literally(w, c);
    return 0;
}

/* CANDIDATE_NONE, with *why, when a hop cannot be resolved. */
static size_t find_candidate(struct finder *f, const struct wanted *w, int depth, const char **why)
{
    struct candidate at = { .via = CANDIDATE_NONE,
                            .is_hop = w->is_hop,
                            .is_nameless = w->is_hop,
                            .is_context = w->is_context,
                            .from = mem_strdup(w->from) };
    struct ssh_config c = { 0 };
    struct err e = ERR_INIT;

    at.profile = store_new_profile(w->name, &e);
    if (depth > DEPTH_MAX || at.profile == NULL || resolve(f, w, &c, &e) != 0) {
        *why = depth > DEPTH_MAX ? "its ProxyJump leads in a circle, or over too many hosts"
                                 : "its ProxyJump cannot be resolved";
        if (depth > 0 || at.profile == NULL) {
            candidate_clear(&at);
            return CANDIDATE_NONE;
        }
        candidate_problem(&at, e.msg);
        mem_replace(&at.profile->host, w->host);
        mem_replace(&at.profile->user, w->user != NULL ? w->user : "");
        return keep(f, &at);
    }
    const char *jumps = w->jumps != NULL ? w->jumps : c.proxy_jump, *broken = NULL;
    if (jumps != NULL)
        at.via = find_hop(f, jumps, depth, &broken);
    check_known_hosts(f, &c.known_hosts);
    candidate_fill(&at, &c);
    candidate_set(&at, "docker", "socket", w->socket);
    ssh_config_clear(&c);
    if (broken != NULL && depth > 0) {
        *why = broken;
        candidate_clear(&at);
        return CANDIDATE_NONE;
    }
    if (broken != NULL)
        candidate_problem(&at, broken);
    return keep(f, &at);
}

/* ---- the sources --------------------------------------------------------- */

static void find_context(struct finder *f, const struct context_list_entry *context)
{
    struct endpoint ep = { 0 };
    const char *why;

    if (endpoint_parse(context->url, &ep, NULL) == 0) {
        char *from = mem_printf("docker context %s", context->name);
        const struct wanted w = { .host = ep.host,
                                  .user = ep.user,
                                  .port = ep.port,
                                  .socket = ep.path,
                                  .name = context->name,
                                  .from = from,
                                  .is_context = true };
        (void)find_candidate(f, &w, 0, &why);
        free(from);
    } else {
        progress_hide(f->progress);
        out_note(NULL, "the endpoint of Docker's context \"%s\" cannot be read", context->name);
    }
    endpoint_clear(&ep);
}

static int find_contexts(struct finder *f, struct err *e)
{
    struct context_list contexts;

    if (context_list_by_ssh(&contexts, e) != 0)
        return -1;
    for (size_t i = 0; i < contexts.count; i++)
        find_context(f, &contexts.items[i]);
    context_list_clear(&contexts);
    return 0;
}

static int find_hosts(struct finder *f, struct err *e)
{
    struct strv hosts = { 0 };
    struct ssh_hosts_left left;
    const char *why;

    int rc = ssh_hosts_list(&hosts, &left, e);
    for (size_t i = 0; rc == 0 && i < hosts.count && !f->no_ssh; i++) {
        const struct wanted w = { .host = hosts.items[i], .name = hosts.items[i], .from = "ssh config" };
        size_t before = f->count;
        if (strpbrk(hosts.items[i], " \t") == NULL)
            (void)find_candidate(f, &w, 0, &why);
        if (f->no_ssh) /* nothing was resolved: this one is dropped, too */
            while (f->count > before)
                candidate_clear(&f->items[--f->count]);
    }
    progress_hide(f->progress);
    if (rc == 0 && f->no_ssh && hosts.count > 0)
        out_note(NULL, "ssh is not installed, so the hosts of ~/.ssh/config are left out");
    if (rc == 0 && left.more)
        out_note(NULL, "~/.ssh/config names more hosts than import reads; the rest is left out");
    if (rc == 0 && left.below_match)
        out_note(NULL, "files that ~/.ssh/config includes below Match are not searched for hosts");
    strv_clear(&hosts);
    return rc;
}

/* ---- names --------------------------------------------------------------- */

static bool is_taken(const struct finder *f, const char *name)
{
    for (size_t i = 0; i < f->count; i++)
        if (f->items[i].name != NULL && strcmp(f->items[i].name, name) == 0)
            return true;
    return false;
}

static char *unique_name(const struct finder *f, const char *given)
{
    char *base = candidate_name(given), *name = mem_strdup(base);

    for (int n = 2; is_taken(f, name); n++) {
        free(name);
        name = mem_printf("%s-%d", base, n);
    }
    free(base);
    return name;
}

static void name_candidate(const struct finder *f, struct candidate *at)
{
    char *name = unique_name(f, at->profile->name);

    enum context_owner owner = profile_has_context(at->profile) ? context_owner(name, NULL) : CONTEXT_ABSENT;
    if (owner == CONTEXT_FOREIGN || owner == CONTEXT_UNREADABLE) {
        char *other = mem_printf("%s-tether", name);
        free(name);
        name = unique_name(f, other);
        free(other);
    }
    at->name = name;
}

/* Named hosts get their names before hosts known only from a ProxyJump. */
static void name_all(struct finder *f)
{
    for (size_t i = 0; i < f->count; i++)
        if (f->items[i].is_hop && !f->items[i].is_context)
            candidate_set(&f->items[i], "docker", "socket", PROFILE_NO_SOCKET);
    for (size_t i = 0; i < f->count; i++)
        if (!f->items[i].is_nameless)
            name_candidate(f, &f->items[i]);
    for (size_t i = 0; i < f->count; i++)
        if (f->items[i].is_nameless)
            name_candidate(f, &f->items[i]);
}

int discover(struct proposals *list, struct err *e)
{
    struct finder f = { 0 };
    struct profile *base = store_new_profile("base", e);
    int rc = base != NULL ? 0 : -1; /* a bad docktether.ini is reported once, not for each host */

    profile_free(base);
    f.progress = progress_new(NULL);
    f.reader = ssh_config_reader_new();
    if (rc == 0)
        rc = find_contexts(&f, e);
    if (rc == 0)
        rc = find_hosts(&f, e);
    progress_free(f.progress);
    ssh_config_reader_free(f.reader);
    strv_clear(&f.checked);
    if (rc == 0)
        name_all(&f);
    for (size_t i = 0; i < f.count; i++) {
        struct candidate *at = &f.items[i];
        if (rc == 0) {
            mem_replace(&at->profile->name, at->name);
            mem_replace(&at->profile->via, at->via != CANDIDATE_NONE ? f.items[at->via].name : NULL);
            proposals_add(list, at->profile, at->from, at->problem);
            strv_copy(&list->items[list->count - 1].notes, &at->notes);
            at->profile = NULL;
        }
    }
    while (f.count > 0)
        candidate_clear(&f.items[--f.count]);
    free(f.items);
    return rc;
}
