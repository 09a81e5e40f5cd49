#include "cli/cmd.h"
#include "cli/names.h"
#include "cli/publish.h"
#include "store/store.h"
#include "tether/client.h"

#include <stdio.h>

static int end_tether(const char *name, bool force, struct err *e)
{
    if (!client_running(name))
        return 0;
    if (force)
        return client_down(name, e) < 0 ? -1 : 0;
    err_set(e, ERR_FAILED, "", "its tether is running");
    return err_hint(e, "end it with `docktether down %s`, or use `docktether rm -f %s`", name, name);
}

/* The profile goes last: whatever fails before can be tried again. A broken
 * file is removed like any other. */
static int remove_one(const char *name, void *user, struct err *e)
{
    const bool *force = user;

    if (!store_exists(name))
        return store_remove(name, e);
    if (end_tether(name, *force, e) != 0 || publish_remove(name, e) != 0 || store_remove(name, e) != 0)
        return -1;
    puts(name);
    return 0;
}

int cmd_rm(const struct args *args, struct err *e)
{
    bool force = args_has(args, "force");

    (void)e;
    return names_each(args->operands, args->count, remove_one, &force);
}
