#include "autostart/autostart.h"
#include "base/mem.h"
#include "base/path.h"
#include "cli/cmd.h"
#include "cli/each-name.h"
#include "control/tether-client.h"
#include "store/name.h"
#include "store/store.h"
#include "store/via-chain.h"
#include "ui/out.h"
#include "ui/progress.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOCK ".lock"

/* The number of hops of the profile. */
static size_t hops_of(const char *name)
{
    struct via_chain chain = { 0 };
    struct profile *p = store_load(name, NULL);
    size_t count = p != NULL && via_chain_load(p, &chain, NULL) == 0 ? chain.count : 0;

    via_chain_clear(&chain);
    profile_free(p);
    return count;
}

/* The tethers of stored profiles, those with the most hops first: a tether that lost its
 * hop would start it again. */
static int add_stored(struct strv *running, struct err *e)
{
    struct strv names = { 0 };
    size_t longest = 0;

    if (store_list(&names, e) != 0)
        return -1;
    size_t *hops = mem_alloc((names.count + 1) * sizeof *hops);
    for (size_t i = 0; i < names.count; i++) {
        hops[i] = hops_of(names.items[i]);
        longest = hops[i] > longest ? hops[i] : longest;
    }
    for (size_t h = longest + 1; h-- > 0;)
        for (size_t i = 0; i < names.count; i++)
            if (hops[i] == h && tether_client_running(names.items[i]))
                strv_add(running, names.items[i]);
    free(hops);
    strv_clear(&names);
    return 0;
}

/* Takes up to ten seconds when the tether hangs. */
static int take_down(const char *name, bool force, struct err *e)
{
    struct progress *progress = progress_new(name);

    progress_say(progress, "its process to end");
    int rc = tether_client_down(name, force, e);
    progress_free(progress);
    return rc;
}

static bool goes_via(const char *name, const char *hop)
{
    struct via_chain chain = { 0 };
    struct profile *p = store_load(name, NULL);
    bool yes = false;

    if (p != NULL && via_chain_load(p, &chain, NULL) == 0)
        for (size_t i = 0; i < chain.count; i++)
            yes = yes || strcmp(chain.hops[i]->name, hop) == 0;
    via_chain_clear(&chain);
    profile_free(p);
    return yes;
}

/* Takes down the tethers that go via NAME, which would start it again. */
static int down_users(const char *name, struct err *e)
{
    struct strv running = { 0 };
    int rc = add_stored(&running, e);

    for (size_t i = 0; rc == 0 && i < running.count; i++) {
        if (strcmp(running.items[i], name) == 0 || !goes_via(running.items[i], name))
            continue;
        if (take_down(running.items[i], true, e) < 0)
            rc = -1;
        else
            out_note(running.items[i], "taken down too, it goes via %s", name);
    }
    strv_clear(&running);
    return rc;
}

/* A tether that is enabled comes back. */
static void note_login(const char *name)
{
    enum login_kind kind = autostart_enabled(name);

    if (kind == LOGIN_DEMAND)
        out_note(
            name,
            "systemd still listens on its socket, and the next connection starts it again; to stop that: "
            "docktether disable %s",
            name);
    else if (kind == LOGIN_START)
        out_note(name, "down until the next login; to stop starting it: docktether disable %s", name);
}

static int down_one(const char *name, void *user, struct err *e)
{
    const bool *force = user;

    if (*force && down_users(name, e) != 0)
        return -1;
    int rc = take_down(name, *force, e);
    if (rc < 0)
        return -1;
    if (rc > 0 && !store_exists(name)) {
        /* Its error says that there is no such profile, and suggests a name. */
        struct profile *p = store_load(name, e);
        profile_free(p);
        return p != NULL ? 0 : -1;
    }
    if (rc > 0)
        out_note(name, "was already down");
    note_login(name);
    puts(name);
    (void)fflush(stdout);
    return 0;
}

/* Tethers whose profile has been removed, found by the locks they hold. A lock has the whole
 * name, even where the name is too long for the sockets. */
static int add_orphans(struct strv *running, struct err *e)
{
    char *path = path_runtime_dir(e);
    const struct dirent *entry;

    if (path == NULL)
        return -1;
    DIR *dir = opendir(path);
    free(path);
    if (dir == NULL)
        return 0;
    while ((entry = readdir(dir)) != NULL) {
        size_t len = strlen(entry->d_name);
        if (len <= strlen(LOCK) || strcmp(entry->d_name + len - strlen(LOCK), LOCK) != 0)
            continue;
        char *name = mem_printf("%.*s", (int)(len - strlen(LOCK)), entry->d_name);
        if (name_check(name, NULL) == 0 && !strv_contains(running, name) && tether_client_running(name))
            strv_add(running, name);
        free(name);
    }
    closedir(dir);
    return 0;
}

/* The tethers of stored profiles end before the locks are read, so that each is found once. */
static int down_all(struct err *e)
{
    int (*const sources[])(struct strv *, struct err *) = { add_stored, add_orphans };
    /* All tethers end, so none is left that could need a hop. */
    bool force = true;
    int status = 0, first = 0;

    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        struct strv running = { 0 };
        int rc = sources[i](&running, e);
        status = each_name((const char *const *)running.items, running.count, down_one, &force);
        strv_clear(&running);
        if (rc != 0)
            return -1;
        if (first == 0)
            first = status;
    }
    return first;
}

int cmd_down(const struct args *args, struct err *e)
{
    bool all = args_has(args, "all"), force = args_has(args, "force");

    if (all && args->count > 0)
        return err_set(e, ERR_USAGE, "down", "give names or --all, not both");
    if (!all && args->count == 0)
        return err_set(e, ERR_USAGE, "down", "missing argument: the NAME of a profile, or --all");
    return all ? down_all(e) : each_name(args->operands, args->count, down_one, &force);
}
