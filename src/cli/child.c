#include "cli/child.h"

#include "ui/out.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOT_FOUND 127
#define NOT_EXECUTABLE 126

static const int passed_on[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2 };

int child_become(char *const *argv, bool sigpipe_ignored)
{
    /* The command inherits the signal dispositions of our parent. */
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

static void held(sigset_t *set)
{
    sigemptyset(set);
    for (size_t i = 0; i < sizeof passed_on / sizeof *passed_on; i++)
        sigaddset(set, passed_on[i]);
    sigaddset(set, SIGCHLD);
}

void child_hold_signals(void)
{
    sigset_t set;

    held(&set);
    sigprocmask(SIG_BLOCK, &set, NULL);
}

static void take(const siginfo_t *info, pid_t pid)
{
    /* A signal from the kernel comes from the terminal, and the command got it as well. */
    if (info->si_signo != SIGCHLD && info->si_code <= 0)
        kill(pid, info->si_signo);
}

static int wait_for(pid_t pid)
{
    sigset_t set;
    siginfo_t info;
    int status = 0;

    held(&set);
    while (waitpid(pid, &status, WNOHANG) == 0)
        if (sigwaitinfo(&set, &info) > 0)
            take(&info, pid);
    return status;
}

int child_run(char *const *argv, bool sigpipe_ignored, int *status, struct err *e)
{
    sigset_t set;

    held(&set);
    /* If SIGCHLD were ignored, the kernel would reap the command before waitpid(). */
    signal(SIGCHLD, SIG_DFL);
    (void)fflush(NULL);
    pid_t pid = fork();
    if (pid < 0)
        return err_set_errno(e, ERR_FAILED, "exec", "cannot start a process");
    if (pid == 0) {
        sigprocmask(SIG_UNBLOCK, &set, NULL);
        _exit(child_become(argv, sigpipe_ignored));
    }
    *status = wait_for(pid);
    return 0;
}

int child_end_like(int status)
{
    const struct rlimit none = { 0, 0 };
    sigset_t set;

    if (!WIFSIGNALED(status))
        return WEXITSTATUS(status);
    const int number = WTERMSIG(status);
    (void)setrlimit(RLIMIT_CORE, &none); /* the command has written its own core, or none */
    signal(number, SIG_DFL);
    sigemptyset(&set);
    sigaddset(&set, number);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    (void)fflush(NULL);
    raise(number);
    return 128 + number;
}
