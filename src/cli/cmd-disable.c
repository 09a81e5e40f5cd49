#include "autostart/autostart.h"
#include "cli/cmd.h"
#include "cli/each-name.h"
#include "store/store.h"
#include "ui/out.h"

#include <stdio.h>

static int disable_one(const char *name, void *user, struct err *e)
{
    (void)user;
    if (autostart_enabled(name) == LOGIN_NO) {
        /* Its error says that there is no such profile, and suggests a name. */
        struct profile *p = store_exists(name) ? NULL : store_load(name, e);
        profile_free(p);
        if (!store_exists(name))
            return -1;
        out_note(name, "was not enabled");
    } else if (autostart_disable(name, e) != 0) {
        return -1;
    }
    puts(name);
    (void)fflush(stdout);
    return 0;
}

int cmd_disable(const struct args *args, struct err *e)
{
    (void)e;
    return each_name(args->operands, args->count, disable_one, NULL);
}
