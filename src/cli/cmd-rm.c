#include "autostart/autostart.h"
#include "base/mem.h"
#include "cli/cmd.h"
#include "cli/each-name.h"
#include "control/tether-client.h"
#include "docker/context-sync.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A service manager would go on starting a profile that does not exist. */
static int end_login(const char *name, bool force, struct err *e)
{
    if (autostart_enabled(name) == LOGIN_NO)
        return 0;
    if (force)
        return autostart_disable(name, e);
    err_set(e, ERR_FAILED, "", "it is enabled and starts at login");
    return err_hint(e, "docktether disable %s first, or: docktether rm -f %s", name, name);
}

static int end_tether(const char *name, bool force, struct err *e)
{
    if (!tether_client_running(name))
        return 0;
    if (force)
        return tether_client_down(name, true, e) < 0 ? -1 : 0;
    err_set(e, ERR_FAILED, "", "its tether is running");
    return err_hint(e, "docktether down %s first, or: docktether rm -f %s", name, name);
}

/* The first profile that goes via NAME, allocated; NULL when none does. */
static char *user_of(const char *name)
{
    struct strv names = { 0 };
    char *user = NULL;

    if (store_list(&names, NULL) == 0)
        for (size_t i = 0; user == NULL && i < names.count; i++) {
            struct profile *p = store_load(names.items[i], NULL);
            if (p != NULL && p->via != NULL && strcmp(p->via, name) == 0)
                user = mem_strdup(p->name);
            profile_free(p);
        }
    strv_clear(&names);
    return user;
}

static int check_unused(const char *name, struct err *e)
{
    char *user = user_of(name);

    if (user == NULL)
        return 0;
    err_set(e, ERR_FAILED, "", "the profile \"%s\" uses it as a hop", user);
    err_hint(e, "docktether update %s --set via= first, or: docktether rm -f %s", user, name);
    free(user);
    return -1;
}

/* The profile goes last: whatever fails before can be tried again. */
static int remove_locked(const char *name, bool force, struct err *e)
{
    if (!store_exists(name))
        return store_remove(name, e);
    /* Asked again: an answer from before the lock may be out of date, and a service or a tether
     * may have come since. */
    if ((!force && check_unused(name, e) != 0) || end_login(name, force, e) != 0 ||
        end_tether(name, force, e) != 0)
        return -1;
    return context_sync_remove(name, e) == 0 ? store_remove(name, e) : -1;
}

/* A broken file is removed like any other. A tether and a service take their time to end:
 * they are ended before the lock is taken. */
static int remove_one(const char *name, void *user, struct err *e)
{
    const bool *force = user;
    int lock;

    if (!store_exists(name))
        return store_remove(name, e);
    if (!*force && check_unused(name, e) != 0)
        return -1;
    if (end_login(name, *force, e) != 0 || end_tether(name, *force, e) != 0 || store_lock(&lock, e) != 0)
        return -1;
    int rc = remove_locked(name, *force, e);
    store_unlock(lock);
    if (rc == 0)
        puts(name);
    return rc;
}

int cmd_rm(const struct args *args, struct err *e)
{
    bool force = args_has(args, "force");

    (void)e;
    return each_name(args->operands, args->count, remove_one, &force);
}
