#include "base/path.h"
#include "cli/args.h"
#include "cli/command.h"
#include "cli/dispatch.h"
#include "cli/help.h"
#include "ui/out.h"

#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The next file that is opened would take the number of a closed standard descriptor, and
 * messages would go there. The replacements are opened for the wrong direction, so that
 * writing to a closed output still fails. */
static void fill_descriptors(void)
{
    for (int fd = 0; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
            _exit(ERR_FAILED);
}

/* Writing to a closed pipe must be an error with a message, and not a silent end. True when
 * SIGPIPE was ignored before. */
static bool ignore_sigpipe(void)
{
    struct sigaction ignore = { .sa_handler = SIG_IGN }, before;

    sigemptyset(&ignore.sa_mask);
    return sigaction(SIGPIPE, &ignore, &before) == 0 && before.sa_handler == SIG_IGN;
}

/* libssh 0.12 looks for a home directory in each session, for keys that it is never asked to use
 * (session.c:172 in 0.12.2), and connects nowhere for a user who has none, as in a container that
 * runs with a number for its user. Here, because no other thread exists yet. It can go when
 * ephemeral.bats, "without HOME, XDG_RUNTIME_DIR or an entry in the password file", passes
 * without. */
static void give_home(void)
{
    if (getenv("HOME") == NULL && getpwuid(getuid()) == NULL)
        (void)setenv("HOME", PATH_NO_HOME, 0);
}

static const char *verb_of(const char *word)
{
    if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0)
        return "help";
    if (strcmp(word, "-V") == 0 || strcmp(word, "--version") == 0)
        return "version";
    return word;
}

static int finish(const struct command *c, const struct args *args, int status, struct err *e)
{
    const char *profile = c != NULL && c->names_profile && args->count > 0 ? args->operands[0] : NULL;

    if (status < 0) {
        if (e->code == ERR_USAGE)
            command_hint(c, e);
        /* An error of wrong usage may name the command already. */
        out_error(c != NULL && strcmp(e->layer, c->name) == 0 ? NULL : profile, e);
        status = e->code != ERR_NONE ? (int)e->code : ERR_FAILED;
    }
    err_clear(e);
    if (out_flush(e) != 0 && status == 0) {
        out_error(NULL, e);
        status = ERR_FAILED;
    }
    return status;
}

static int run(const struct command *c, const struct dispatch *front, struct args *args, int argc,
               char **argv, struct err *e)
{
    int count = argc - front->first;

    /* Without a command on the command line, c is help or version, which need no operand. */
    if (count > 0 && command_parse(c, args, count, argv + front->first, e) != 0)
        return -1;
    if (!args->help && (!front->help || count == 0))
        return c->run(args, e);
    help_command(c, stdout);
    return 0;
}

int main(int argc, char **argv)
{
    struct err e = ERR_INIT;
    struct args args = { 0 };
    int status = -1;

    const struct command *c = NULL;
    struct dispatch front;

    fill_descriptors();
    give_home();
    args.sigpipe_ignored = ignore_sigpipe();
    int answered = dispatch_open(&front, argc, argv, &e);
    if (answered == 0 && front.first >= argc && !front.help && !front.version) {
        help_overview(stderr);
        return ERR_USAGE;
    }
    if (answered == 0)
        c = command_get(verb_of(front.first < argc ? argv[front.first]
                                : front.help       ? "help"
                                                   : "version"),
                        &e);
    if (answered > 0)
        status = 0;
    else if (c != NULL)
        status = run(c, &front, &args, argc, argv, &e);
    status = finish(c, &args, status, &e);
    args_clear(&args);
    return status;
}
