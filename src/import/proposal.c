#include "import/proposal.h"

#include "base/path.h"
#include "base/progname.h"
#include "base/quote.h"
#include "docker/context-sync.h"
#include "store/store.h"
#include "store/via-chain.h"
#include "ui/out.h"
#include "ui/table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char no_pin[] = "its host key is not in known_hosts";

/* ---- the list ------------------------------------------------------------ */

void proposals_add(struct proposals *list, struct profile *p, const char *from, const char *why_not)
{
    list->items = mem_resize(list->items, list->count + 1, sizeof *list->items);
    list->items[list->count++] = (struct proposal){
        .profile = p, .from = mem_strdup(from), .why_not = mem_strdup(why_not), .chosen = true
    };
}

void proposals_clear(struct proposals *list)
{
    for (size_t i = 0; i < list->count; i++) {
        profile_free(list->items[i].profile);
        free(list->items[i].from);
        free(list->items[i].why_not);
        strv_clear(&list->items[i].notes);
    }
    free(list->items);
    *list = (struct proposals){ 0 };
}

struct proposal *proposals_find(const struct proposals *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].profile->name, name) == 0)
            return &list->items[i];
    return NULL;
}

static struct proposal *hop_of(const struct proposals *list, const struct proposal *one)
{
    return one->profile->via != NULL ? proposals_find(list, one->profile->via) : NULL;
}

/* Stops at one that was chosen before, so also in a circle. */
static void choose_with_hops(struct proposals *list, struct proposal *one)
{
    while (one != NULL && !one->chosen) {
        one->chosen = true;
        one = hop_of(list, one);
    }
}

int proposals_choose(struct proposals *list, const char *const *names, size_t count, struct err *e)
{
    for (size_t i = 0; count > 0 && i < list->count; i++)
        list->items[i].chosen = false;
    for (size_t i = 0; i < count; i++) {
        struct proposal *one = proposals_find(list, names[i]);
        if (one == NULL) {
            err_set(e, ERR_USAGE, "", "no profile \"%s\" is proposed", names[i]);
            return err_hint(e, "docktether import without --only shows them all");
        }
        choose_with_hops(list, one);
    }
    return 0;
}

/* ---- why one is skipped --------------------------------------------------- */

static void against(struct proposal *one, const char *why)
{
    if (one->why_not == NULL)
        one->why_not = mem_strdup(why);
}

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* The same host, port, user and hop: a profile that goes via one reaches the same
 * place via the other. */
static bool same_place(const struct profile *a, const struct profile *b)
{
    return same_text(a->host, b->host) && same_text(a->user, b->user) && same_text(a->via, b->via) &&
           a->port == b->port;
}

static void judge_name(struct proposal *one)
{
    if (!store_exists(one->profile->name))
        return;
    struct profile *old = store_load(one->profile->name, NULL);
    one->there = old != NULL && same_place(old, one->profile);
    against(one, one->there ? "it exists already" : "another profile has that name");
    profile_free(old);
}

static void judge_context(struct proposal *one)
{
    struct err why = ERR_INIT;

    if (context_sync_check(one->profile, &why) != 0)
        against(one, why.msg);
}

static void judge_hop(const struct proposals *list, struct proposal *one)
{
    const char *via = one->profile->via;
    const struct proposal *hop = hop_of(list, one);
    char *why = NULL;

    if (hop != NULL && hop->why_not != NULL && !hop->there)
        why = mem_printf("its hop %s cannot be created", via);
    else if (hop == NULL && via != NULL && !store_exists(via))
        why = mem_printf("its hop %s is no profile", via);
    if (why != NULL)
        against(one, why);
    free(why);
}

/* The hop first. A profile whose hops form a circle meets itself with that reason. */
static void judge_one(struct proposals *list, struct proposal *one)
{
    char *given = one->why_not;
    struct proposal *hop = hop_of(list, one);

    if (one->judged)
        return;
    one->judged = true;
    one->why_not = mem_strdup("its hops form a circle");
    if (hop != NULL)
        judge_one(list, hop);
    free(one->why_not);
    one->why_not = given;
    judge_name(one);
    judge_context(one);
    judge_hop(list, one);
    if (one->profile->pins.count == 0)
        against(one, no_pin);
}

void proposals_judge(struct proposals *list)
{
    for (size_t i = 0; i < list->count; i++)
        judge_one(list, &list->items[i]);
}

/* ---- showing them -------------------------------------------------------- */

void proposals_print(const struct proposals *list, FILE *out)
{
    static const char *const titles[] = { "NAME", "SSH", "VIA", "FROM", "PINS", "SKIPPED BECAUSE" };
    struct table *t = table_new(6, titles);

    for (size_t i = 0; i < list->count; i++) {
        const struct proposal *one = &list->items[i];
        char *endpoint = profile_endpoint(one->profile);
        char pins[24];
        snprintf(pins, sizeof pins, "%zu", one->profile->pins.count);
        if (one->chosen)
            table_row(t, (const char *const[]){ one->profile->name, endpoint, one->profile->via, one->from,
                                                pins, one->why_not });
        free(endpoint);
    }
    table_print(t, out);
    table_free(t);
}

size_t proposals_ready(const struct proposals *list)
{
    size_t n = 0;

    for (size_t i = 0; i < list->count; i++)
        n += list->items[i].chosen && list->items[i].why_not == NULL;
    return n;
}

/* ---- creating them -------------------------------------------------------- */

static void note_missing(const struct profile *p)
{
    struct stat st;

    for (size_t i = 0; i < p->identities.count; i++) {
        char *path = path_expand(p->identities.items[i], NULL);
        if (path == NULL || stat(path, &st) != 0)
            out_note(p->name, "its identity %s is not on this machine", p->identities.items[i]);
        free(path);
    }
}

/* Creates the hop before the profile that goes via it. A circle was never ready. */
static void create_one(struct proposals *list, struct proposal *one, int *status)
{
    struct err e = ERR_INIT;

    if (!one->chosen || one->why_not != NULL)
        return;
    struct proposal *hop = hop_of(list, one);
    if (hop != NULL && !hop->there)
        create_one(list, hop, status);
    if (hop != NULL && !hop->there) {
        against(one, "its hop could not be created");
        return;
    }
    if (via_chain_check(one->profile, &e) == 0 && context_sync_new(one->profile, &e) == 0) {
        one->there = true;
        against(one, "");
        puts(one->profile->name);
        note_missing(one->profile);
        return;
    }
    out_error(one->profile->name, &e);
    against(one, e.msg);
    if (*status == 0)
        *status = e.code != ERR_NONE ? (int)e.code : ERR_FAILED;
}

int proposals_create(struct proposals *list)
{
    int status = 0;

    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].chosen && list->items[i].why_not != NULL)
            out_note(list->items[i].profile->name, "not created: %s", list->items[i].why_not);
    for (size_t i = 0; i < list->count; i++)
        create_one(list, &list->items[i], &status);
    return status;
}

static void append(char **command, const char *option, const char *value)
{
    char *word = quote_word(strncmp(value, "~/", 2) == 0 ? value + 2 : value);
    char *longer = mem_printf("%s%s%s%s", *command, option, strncmp(value, "~/", 2) == 0 ? "~/" : "", word);

    free(word);
    free(*command);
    *command = longer;
}

/* The command that shows the host's keys, asks, and creates the profile. */
static void advise_create(const struct profile *p)
{
    char *command = mem_printf("%s create %s", progname(), p->name), *endpoint = profile_endpoint(p);

    append(&command, " ", endpoint);
    if (p->via != NULL)
        append(&command, " --via ", p->via);
    for (size_t i = 0; i < p->identities.count; i++)
        append(&command, " --identity ", p->identities.items[i]);
    for (size_t i = 0; i < p->certificates.count; i++)
        append(&command, " --certificate ", p->certificates.items[i]);
    if (!p->identities_only)
        append(&command, " --set ", "identities-only=no");
    if (strcmp(p->agent, PROFILE_AGENT_YES) != 0)
        append(&command, " --set agent=", p->agent);
    if (strcmp(p->socket, PROFILE_DEFAULT_SOCKET) != 0)
        append(&command, " --set docker.socket=", p->socket);
    out_note(p->name, "%s is not in known_hosts. To check its key and create the profile: %s", p->host,
             command);
    free(endpoint);
    free(command);
}

void proposals_advise(const struct proposals *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct proposal *one = &list->items[i];
        const struct profile *p = one->profile;
        for (size_t k = 0; one->chosen && k < one->notes.count; k++)
            out_note(p->name, "%s", one->notes.items[k]);
        if (!one->chosen || one->why_not == NULL || strcmp(one->why_not, no_pin) != 0)
            continue;
        advise_create(p);
    }
}
