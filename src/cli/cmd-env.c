#include "base/mem.h"
#include "base/progname.h"
#include "cli/bring-up.h"
#include "cli/cmd.h"
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

int cmd_env(const struct args *args, struct err *e)
{
    const char *wanted = args_value(args, "shell");
    enum shell shell = shell_lines_detect();
    int rc = 0;

    if (wanted != NULL && shell_lines_parse(wanted, &shell, e) != 0)
        return -1;
    if (args_has(args, "unset")) {
        print_line(shell_lines_unset(shell, "DOCKER_HOST"));
        print_usage(shell, "--unset");
        return 0;
    }
    if (args->count == 0)
        return err_set(e, ERR_USAGE, "env", "it needs the NAME of a profile, or --unset");
    struct profile *p = store_load(args->operands[0], e);
    if (p == NULL)
        return -1;
    rc = bring_up_check_docker(p, e);
    if (rc == 0 && !args_has(args, "no-up"))
        rc = bring_up(p, false, e);
    if (rc == 0)
        rc = print_env(p->name, shell, e);
    profile_free(p);
    return rc;
}
