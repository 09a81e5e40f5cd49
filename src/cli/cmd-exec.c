#include "base/mem.h"
#include "cli/bring-up.h"
#include "cli/child.h"
#include "cli/cmd.h"
#include "cli/confirm.h"
#include "cli/exec-url.h"
#include "cli/subshell.h"
#include "store/store.h"
#include "ui/out.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char **command_of(const struct args *args, size_t first)
{
    char **argv = mem_alloc((args->count - first + 1) * sizeof *argv);

    for (size_t i = first; i < args->count; i++)
        argv[i - first] = mem_strdup(args->operands[i]);
    return argv;
}

static void free_command(char **argv)
{
    for (size_t i = 0; argv[i] != NULL; i++)
        free(argv[i]);
    free(argv);
}

static int point_at(const struct profile *p, const struct args *args, struct err *e)
{
    static const struct confirm protect = { "exec", " COMMAND...", "to run this command",
                                            "the command was not run" };

    if (bring_up_check_docker(p, e) != 0 || confirm_protected(p, args_has(args, "yes"), &protect, e) != 0)
        return -1;
    if (!args_has(args, "no-up") && bring_up(p, false, e) != 0)
        return -1;
    subshell_note_outer(p->name, "this command uses");
    return bring_up_environment(p->name, e);
}

static int exec_profile(const struct args *args, struct err *e)
{
    size_t first = args->count > 1 && strcmp(args->operands[1], "--") == 0 ? 2 : 1;
    const char *option = exec_url_option(args);

    if (option != NULL)
        return err_set(e, ERR_USAGE, "exec", "--%s needs --url", option);
    if (first >= args->count)
        return err_set(e, ERR_USAGE, "exec", "missing argument: a COMMAND");
    struct profile *p = store_load(args->operands[0], e);
    if (p == NULL)
        return -1;
    int rc = point_at(p, args, e);
    profile_free(p);
    if (rc != 0)
        return -1;

    char **argv = command_of(args, first);
    int status = child_become(argv, args->sigpipe_ignored);
    free_command(argv);
    return status;
}

static int exec_url(const struct args *args, struct err *e)
{
    char *name = NULL;

    if (args_has(args, "no-up") || args_has(args, "yes"))
        return err_set(e, ERR_USAGE, "exec", "--%s has no effect with --url, which uses no profile",
                       args_has(args, "no-up") ? "no-up" : "yes");
    char **argv = command_of(args, 0);
    int status = exec_url_exec(args, argv, &name, e);
    if (status < 0) {
        if (e->code == ERR_USAGE && e->hint[0] == '\0')
            err_hint(e, "docktether help exec");
        out_error(name, e);
        status = (int)e->code;
    }
    free_command(argv);
    free(name);
    return status;
}

int cmd_exec(const struct args *args, struct err *e)
{
    return args_has(args, "url") ? exec_url(args, e) : exec_profile(args, e);
}
