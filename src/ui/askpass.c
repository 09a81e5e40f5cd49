#include "ui/askpass.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEFAULT_PROGRAM "/usr/bin/ssh-askpass"

static bool variable_set(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && *value != '\0';
}

/* The order of tests is that of read_passphrase() in OpenSSH's readpass.c. */
bool askpass_wanted(bool have_terminal)
{
    const char *require = getenv("SSH_ASKPASS_REQUIRE");
    bool allowed = variable_set("DISPLAY") || variable_set("WAYLAND_DISPLAY");
    bool wanted = !have_terminal;

    if (require != NULL && strcasecmp(require, "force") == 0)
        wanted = allowed = true;
    else if (require != NULL && strcasecmp(require, "prefer") == 0)
        wanted = wanted || allowed;
    else if (require != NULL && strcasecmp(require, "never") == 0)
        allowed = false;
    return wanted && allowed;
}

/* Runs between fork and exec: only async-signal-safe calls. */
static void child(const char *program, const char *prompt, int output)
{
    signal(SIGPIPE, SIG_DFL);
    if (dup2(output, STDOUT_FILENO) >= 0)
        execlp(program, program, prompt, (char *)NULL);
    _exit(127);
}

static size_t read_answer(int fd, char *buf, size_t size)
{
    size_t used = 0;

    while (used < size - 1) {
        ssize_t n = read(fd, buf + used, size - 1 - used);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        used += (size_t)n;
    }
    buf[used] = '\0';
    return used;
}

int askpass_run(const char *prompt, char *buf, size_t size, struct err *e)
{
    const char *program = variable_set("SSH_ASKPASS") ? getenv("SSH_ASKPASS") : DEFAULT_PROGRAM;
    int ends[2], status = -1;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return err_set_errno(e, ERR_FAILED, "askpass", "cannot create a pipe");
    (void)fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        child(program, prompt, ends[1]);
    close(ends[1]);
    if (pid < 0) {
        err_set_errno(e, ERR_FAILED, "askpass", "cannot start %s", program);
        close(ends[0]);
        return -1;
    }
    read_answer(ends[0], buf, size);
    close(ends[0]); /* a program that writes more gets SIGPIPE */
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        mem_wipe(buf, size);
        return 1;
    }
    buf[strcspn(buf, "\r\n")] = '\0';
    return 0;
}
