#include "cli/cmd.h"
#include "cli/names.h"
#include "cli/target.h"
#include "store/store.h"

#include <stdio.h>

static int up_one(const char *name, void *user, struct err *e)
{
    struct profile *p = store_load(name, e);

    (void)user;
    if (p == NULL)
        return -1;
    int rc = target_up(p, e);
    profile_free(p);
    if (rc == 0) {
        puts(name);
        (void)fflush(stdout); /* the next one may take its time */
    }
    return rc;
}

int cmd_up(const struct args *args, struct err *e)
{
    (void)e;
    return names_each(args->operands, args->count, up_one, NULL);
}
