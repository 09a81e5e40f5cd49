#include "base/mem.h"
#include "cli/cmd.h"
#include "cli/hostkey-ask.h"
#include "cli/profile-args.h"
#include "docker/context-sync.h"
#include "store/name.h"
#include "store/store.h"
#include "store/via-chain.h"
#include "ui/out.h"

#include <stdio.h>

static int check_new(const char *name, struct err *e)
{
    if (name_check(name, e) != 0)
        return -1;
    if (!store_exists(name))
        return 0;
    err_set(e, ERR_FAILED, "", "a profile of that name already exists");
    return err_hint(e, "to change it: docktether update %s; to remove it: docktether rm %s", name, name);
}

int cmd_create(const struct args *args, struct err *e)
{
    const char *name = args->operands[0];
    int rc = -1;

    if (check_new(name, e) != 0)
        return -1;
    struct profile *p = store_new_profile(name, e);
    if (p == NULL)
        return -1;
    if (profile_args_apply(p, args->operands[1], args, e) == 0 && profile_finish(p, e) == 0 &&
        via_chain_check(p, e) == 0 && context_sync_check(p, e) == 0 &&
        (p->pins.count > 0 || hostkey_ask(p, e) == 0))
        rc = context_sync_new(p, e);
    profile_free(p);
    if (rc != 0)
        return -1;
    puts(name);
    (void)fflush(stdout);
    fprintf(stderr, "Successfully created profile \"%s\"\n", name);
    return 0;
}
