#include "cli/bring-up.h"
#include "cli/child.h"
#include "cli/cmd.h"
#include "cli/confirm.h"
#include "cli/subshell.h"
#include "store/store.h"
#include "ui/out.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void announce(const char *name, const char *outer)
{
    if (!isatty(STDIN_FILENO))
        return;
    if (outer != NULL)
        out_note(NULL, "shell for %s, inside the shell for %s; type exit to return to that", name, outer);
    else
        out_note(NULL, "shell for %s; type exit to leave", name);
}

static char **prepare(const struct profile *p, const struct args *args, const char *shell, struct err *e)
{
    static const struct confirm protect = { "shell", "", "to start a shell for it", "no shell was started" };

    if (bring_up_check_docker(p, e) != 0 || confirm_protected(p, args_has(args, "yes"), &protect, e) != 0)
        return NULL;
    if (!args_has(args, "no-up") && bring_up(p, false, e) != 0)
        return NULL;
    announce(p->name, subshell_outer());
    return subshell_prepare(shell, p, e);
}

int cmd_shell(const struct args *args, struct err *e)
{
    struct profile *p = store_load(args->operands[0], e);

    if (p == NULL)
        return -1;
    char *shell = subshell_path();
    char **argv = prepare(p, args, shell, e);
    profile_free(p);
    free(shell);
    if (argv == NULL)
        return -1;
    int status = child_become(argv, args->sigpipe_ignored);
    subshell_free(argv);
    return status;
}
