#include "import/candidate.h"

#include "ssh/knownhosts.h"
#include "store/option.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.+-"
#define NAME_LEN 100 /* leaves room for a number that makes it unique */

void candidate_clear(struct candidate *at)
{
    profile_free(at->profile);
    free(at->name);
    free(at->from);
    free(at->problem);
    strv_clear(&at->notes);
}

void candidate_problem(struct candidate *at, const char *why)
{
    if (at->problem == NULL)
        at->problem = mem_strdup(why);
}

void candidate_set(struct candidate *at, const char *section, const char *key, const char *value)
{
    struct err why = ERR_INIT;
    const struct option *o = option_find(section, key);

    if (value != NULL && o != NULL && option_set(at->profile, o, value, &why) != 0)
        candidate_problem(at, why.msg);
}

static void set_files(struct candidate *at, const char *key, const struct strv *files)
{
    if (files->count > 0)
        candidate_set(at, "ssh", key, "");
    for (size_t i = 0; i < files->count; i++)
        candidate_set(at, "ssh", key, files->items[i]);
}

/* known_hosts has a HostKeyAlias without the port. */
static void pin(struct candidate *at, const struct ssh_config *c)
{
    const char *host = c->host_key_alias != NULL ? c->host_key_alias : at->profile->host;
    struct hostkeys keys = { 0 };

    if (host == NULL)
        return;
    knownhosts_collect(&c->known_hosts, host, c->host_key_alias != NULL ? 22 : at->profile->port, &keys);
    for (size_t i = 0; i < keys.count; i++)
        pins_add(&at->profile->pins, &keys.items[i].pin);
    hostkeys_clear(&keys);
}

void candidate_fill(struct candidate *at, const struct ssh_config *c)
{
    char port[24];
    struct err why = ERR_INIT;

    snprintf(port, sizeof port, "%" PRId64, c->port);
    candidate_set(at, "ssh", "host", c->hostname);
    candidate_set(at, "ssh", "port", port);
    candidate_set(at, "ssh", "user", c->user);
    set_files(at, "identity", &c->identities);
    if (c->identities.count > 0 && !c->identities_only)
        candidate_set(at, "ssh", "identities-only", "no");
    set_files(at, "certificate", &c->certificates);
    candidate_set(at, "ssh", "agent", c->agent);
    strv_copy(&at->notes, &c->notes);
    if (c->proxy_command != NULL)
        candidate_problem(at, "it has a ProxyCommand, which docktether does not run");
    if (profile_finish(at->profile, &why) != 0)
        candidate_problem(at, why.msg);
    pin(at, c);
}

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

bool candidate_same(const struct candidate *a, const struct candidate *b)
{
    const struct profile *p = a->profile, *q = b->profile;

    return same_text(a->problem, b->problem) && a->via == b->via && p->port == q->port &&
           same_text(p->host, q->host) && same_text(p->user, q->user) &&
           (a->is_nameless || b->is_nameless || same_text(p->socket, q->socket)) &&
           strv_equal(&p->identities, &q->identities) && strv_equal(&p->certificates, &q->certificates) &&
           p->identities_only == q->identities_only;
}

char *candidate_name(const char *given)
{
    const char *from = given + strspn(given, "_.+-");
    char *name =
        mem_printf("%.*s%s", NAME_LEN, from, strlen(from) < 2 || strcmp(from, "default") == 0 ? "-host" : "");

    for (char *s = name; *s != '\0'; s++)
        if (strchr(NAME_CHARS, *s) == NULL)
            *s = '-';
    if (strchr("_.+-", name[0]) != NULL)
        name[0] = 'x';
    return name;
}
