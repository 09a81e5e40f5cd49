#include "base/mem.h"
#include "base/progname.h"
#include "cli/bring-up.h"
#include "cli/cmd.h"
#include "cli/confirm.h"
#include "cli/subshell.h"
#include "docker/environment.h"
#include "store/runtime.h"
#include "store/store.h"
#include "ui/out.h"
#include "ui/shell-lines.h"

#include <stdio.h>
#include <stdlib.h>

/* Prints and frees. */
static void print_line(char *line)
{
    puts(line);
    free(line);
}

static void print_usage(enum shell shell, const char *what)
{
    char *command = mem_printf("%s env %s", progname(), what);

    print_line(shell_lines_usage(shell, command));
    free(command);
}

static int print_env(const char *name, enum shell shell, struct err *e)
{
    const char *const *cleared = environment_cleared();
    char *url = runtime_url(name, e);

    if (url == NULL)
        return -1;
    print_line(shell_lines_export(shell, "DOCKER_HOST", url));
    for (size_t i = 0; cleared[i] != NULL; i++)
        print_line(shell_lines_unset(shell, cleared[i]));
    print_usage(shell, name);
    free(url);
    return 0;
}

static int env_of(const struct profile *p, enum shell shell, const struct args *args, struct err *e)
{
    static const struct confirm protect = { "env", "", "to use it in this shell", "nothing was printed" };

    if (bring_up_check_docker(p, e) != 0 || confirm_protected(p, args_has(args, "yes"), &protect, e) != 0)
        return -1;
    if (!args_has(args, "no-up") && bring_up(p, false, e) != 0)
        return -1;
    subshell_note_outer(p->name, "docker in it will use");
    return print_env(p->name, shell, e);
}

int cmd_env(const struct args *args, struct err *e)
{
    const char *wanted = args_value(args, "shell");
    enum shell shell = shell_lines_detect();

    if (wanted != NULL && shell_lines_parse(wanted, &shell, e) != 0)
        return -1;
    if (args_has(args, "unset")) {
        print_line(shell_lines_unset(shell, "DOCKER_HOST"));
        print_usage(shell, "--unset");
        return 0;
    }
    if (args->count == 0)
        return err_set(e, ERR_USAGE, "env", "missing argument: the NAME of a profile, or --unset");
    struct profile *p = store_load(args->operands[0], e);
    if (p == NULL)
        return -1;
    int rc = env_of(p, shell, args, e);
    profile_free(p);
    return rc;
}
