#include "cli/status-all.h"

#include "base/mem.h"
#include "base/time.h"
#include "control/status-query.h"
#include "store/runtime.h"
#include "store/store.h"
#include "ui/out.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define POLLED_MAX 512
#define ASKED_AT_ONCE 256 /* each costs a descriptor */

struct entry {
    char *name;
    bool is_protected;
    struct status_query *query;
    bool due;         /* a query is in progress, or to begin */
    int64_t asked_ms; /* when it began; 0: not yet */
    json_t *state;
};

struct status_all {
    struct entry *entries;
    size_t count;
};

static json_t *bare(const char *name, const char *state)
{
    json_t *o = json_object();

    json_object_set_new(o, "name", out_json_string(name));
    json_object_set_new(o, "state", json_string(state));
    return o;
}

static json_t *silent(const char *name, const struct err *e)
{
    json_t *o = bare(name, "silent"), *error = json_object();

    json_object_set_new(error, "code", json_integer(e->code));
    json_object_set_new(error, "layer", out_json_string(e->layer));
    json_object_set_new(error, "message", out_json_string(e->msg));
    json_object_set_new(error, "hint", out_json_string(e->hint));
    json_object_set_new(o, "last_error", error);
    return o;
}

static bool is_protected(const char *name)
{
    struct profile *p = store_load(name, NULL);
    bool yes = p != NULL && p->protect;

    profile_free(p);
    return yes;
}

struct status_all *status_all_new(const char *const *names, size_t count)
{
    struct status_all *r = mem_alloc(sizeof *r);

    r->count = count;
    r->entries = mem_alloc((count + 1) * sizeof *r->entries);
    for (size_t i = 0; i < count; i++) {
        r->entries[i].name = mem_strdup(names[i]);
        r->entries[i].is_protected = is_protected(names[i]);
    }
    return r;
}

void status_all_free(struct status_all *r)
{
    if (r == NULL)
        return;
    for (size_t i = 0; i < r->count; i++) {
        status_query_free(r->entries[i].query);
        json_decref(r->entries[i].state);
        free(r->entries[i].name);
    }
    free(r->entries);
    free(r);
}

size_t status_all_count(const struct status_all *r)
{
    return r->count;
}

const json_t *status_all_state(const struct status_all *r, size_t i)
{
    return r->entries[i].state;
}

struct status_table_row status_all_row(const struct status_all *r, size_t i)
{
    const struct entry *entry = &r->entries[i];

    return (struct status_table_row){ .state = entry->state,
                                      .name = entry->name,
                                      .is_protected = entry->is_protected };
}

static void set_state(struct entry *entry, json_t *state)
{
    json_decref(entry->state);
    entry->state = state;
}

void status_all_ask(struct status_all *r)
{
    for (size_t i = 0; i < r->count; i++)
        r->entries[i].due = true;
}

/* The query has taken too long. It goes on: the answer may still come. */
static bool lose_patience(struct entry *entry, int64_t patience_ms)
{
    struct err e = ERR_INIT;

    if (time_mono_ms() - entry->asked_ms < patience_ms)
        return false;
    err_set(&e, ERR_FAILED, "control", "the tether does not answer");
    err_hint(&e, "docktether logs %s; to end it: docktether down %s", entry->name, entry->name);
    set_state(entry, silent(entry->name, &e));
    return true;
}

/* A tether answers its own user only, and closes the connection of any other, root's too. */
static bool is_of_another_user(const char *name, struct err *e)
{
    struct runtime rt = { 0 };
    struct stat st;

    if (runtime_init(&rt, name, NULL) != 0)
        return false;
    bool other = lstat(rt.ctl, &st) == 0 && st.st_uid != geteuid();
    runtime_clear(&rt);
    if (!other)
        return false;
    err_set(e, ERR_FAILED, "control", "the tether belongs to uid %lu and answers that user only",
            (unsigned long)st.st_uid);
    err_hint(e, "run docktether status %s as that user", name);
    return true;
}

static bool step(struct entry *entry, int64_t patience_ms)
{
    struct err e = ERR_INIT;
    enum status_query_result result = STATUS_QUERY_FAILED;
    json_t *status = NULL;

    if (entry->asked_ms == 0)
        entry->asked_ms = time_mono_ms();
    if (entry->query == NULL && !is_of_another_user(entry->name, &e))
        entry->query = status_query_new(entry->name, &e);
    if (entry->query != NULL)
        result = status_query_step(entry->query, &status, &e);
    if (result == STATUS_QUERY_OPEN)
        return lose_patience(entry, patience_ms);
    if (result == STATUS_QUERY_ANSWERED)
        set_state(entry, status);
    else
        set_state(entry, result == STATUS_QUERY_DOWN ? bare(entry->name, "down") : silent(entry->name, &e));
    entry->due = false;
    entry->asked_ms = 0;
    return true;
}

bool status_all_step(struct status_all *r, int64_t patience_ms)
{
    size_t open = 0;
    bool all = true;

    for (size_t i = 0; i < r->count; i++) {
        struct entry *entry = &r->entries[i];
        if (!entry->due)
            continue;
        if (entry->asked_ms == 0 && open >= ASKED_AT_ONCE) {
            all = false;
            continue;
        }
        all = step(entry, patience_ms) && all;
        open += entry->due;
    }
    return all;
}

size_t status_all_poll(const struct status_all *r, struct pollfd *fds, size_t max)
{
    size_t used = 0;

    for (size_t i = 0; i < r->count && used < max; i++) {
        const struct entry *entry = &r->entries[i];
        int fd = entry->due && entry->query != NULL ? status_query_fd(entry->query) : -1;
        if (fd >= 0)
            fds[used++] = (struct pollfd){ .fd = fd, .events = POLLIN };
    }
    return used;
}

void status_all_call(struct status_all *r, int64_t patience_ms)
{
    struct pollfd fds[POLLED_MAX];

    status_all_ask(r);
    while (!status_all_step(r, patience_ms))
        (void)poll(fds, (nfds_t)status_all_poll(r, fds, POLLED_MAX), STATUS_AGAIN_MS);
}
