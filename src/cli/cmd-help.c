#include "cli/cmd.h"
#include "cli/help.h"

int cmd_help(const struct args *args, struct err *e)
{
    if (args->count == 0) {
        help_overview(stdout);
        return 0;
    }
    const struct command *c = command_get(args->operands[0], e);
    if (c == NULL)
        return -1;
    help_command(c, stdout);
    return 0;
}
