#include "base/mem.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "cli/target.h"
#include "store/store.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOT_FOUND 127
#define NOT_EXECUTABLE 126

static char **command_of(const struct args *args, size_t first)
{
    char **argv = mem_alloc((args->count - first + 1) * sizeof *argv);

    for (size_t i = first; i < args->count; i++)
        argv[i - first] = mem_strdup(args->operands[i]);
    return argv;
}

/* Returns only when it failed, with the status a shell would give. */
static int replace_us(char **argv, bool sigpipe_ignored)
{
    /* The command gets the signals as we got them. */
    if (!sigpipe_ignored)
        signal(SIGPIPE, SIG_DFL);
    (void)fflush(NULL);
    execvp(argv[0], argv);
    int status = errno == ENOENT || errno == ENOTDIR ? NOT_FOUND : NOT_EXECUTABLE;
    struct err e = ERR_INIT;
    err_set_errno(&e, ERR_FAILED, "exec", "cannot run %s", argv[0]);
    out_error(NULL, &e);
    return status;
}

int cmd_exec(const struct args *args, struct err *e)
{
    size_t first = args->count > 1 && strcmp(args->operands[1], "--") == 0 ? 2 : 1;
    int rc = 0;

    if (first >= args->count)
        return err_set(e, ERR_USAGE, "exec", "it needs a COMMAND");
    struct profile *p = store_load(args->operands[0], e);
    if (p == NULL)
        return -1;
    rc = target_check_docker(p, e);
    if (rc == 0 && !args_has(args, "no-up"))
        rc = target_up(p, false, e);
    if (rc == 0)
        rc = target_environment(p->name, e);
    profile_free(p);
    if (rc != 0)
        return -1;

    char **argv = command_of(args, first);
    int status = replace_us(argv, args->sigpipe_ignored);
    for (size_t i = 0; argv[i] != NULL; i++)
        free(argv[i]);
    free(argv);
    return status;
}
