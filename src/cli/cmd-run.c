#include "cli/cmd.h"
#include "cli/target.h"
#include "cli/term.h"
#include "store/store.h"
#include "tether/launch.h"

#include <stdio.h>

int cmd_run(const struct args *args, struct err *e)
{
    const struct launch_options options = {
        .ask = term_passphrase,
        .level = args_has(args, "verbose") ? LOG_DEBUG : LOG_INFO,
    };
    struct profile *p = store_load(args->operands[0], e);

    if (p == NULL)
        return -1;
    int rc = target_check_pins(p, e);
    if (rc == 0)
        rc = launch_foreground(p, &options, e);
    profile_free(p);
    return rc;
}
