#include "cli/cmd.h"
#include "cli/current.h"
#include "cli/out.h"

#include <stdio.h>
#include <stdlib.h>

int cmd_show(const struct args *args, struct err *e)
{
    char *name = current_name(e);

    (void)args;
    if (name == NULL)
        return -1;
    char *escaped = out_escape(name);
    puts(escaped);
    free(escaped);
    free(name);
    return 0;
}
