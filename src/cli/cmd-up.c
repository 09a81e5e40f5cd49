#include "cli/bring-up.h"
#include "cli/cmd.h"
#include "cli/each-name.h"
#include "store/store.h"

#include <stdio.h>

static int up_one(const char *name, void *user, struct err *e)
{
    const bool *for_others = user;
    struct profile *p = store_load(name, e);

    if (p == NULL)
        return -1;
    int rc = bring_up(p, *for_others, e);
    profile_free(p);
    if (rc == 0) {
        puts(name);
        (void)fflush(stdout); /* the next one may take its time */
    }
    return rc;
}

int cmd_up(const struct args *args, struct err *e)
{
    bool for_others = args_has(args, "for-others");

    (void)e;
    return each_name(args->operands, args->count, up_one, &for_others);
}
