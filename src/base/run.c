#include "base/run.h"

#include "base/time.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOT_FOUND 127

extern char **environ;

static pid_t start(const char *const *argv, int output, int *why)
{
    posix_spawn_file_actions_t actions;
    pid_t pid = -1;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
    *why = posix_spawnp(&pid, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    return *why == 0 ? pid : -1;
}

/* 0 at the end of output, else the process is to be ended. */
static int collect(const char *layer, int fd, int patience_ms, char *buf, size_t size, struct err *e)
{
    struct deadline d = deadline_in(patience_ms);
    size_t used = 0;

    for (;;) {
        struct pollfd pfd = { .fd = fd, .events = POLLIN };
        int left = deadline_left(d);
        if (left == 0)
            return err_set(e, ERR_FAILED, layer, "it took longer than %d seconds", patience_ms / 1000);
        if (poll(&pfd, 1, left) <= 0)
            continue;
        ssize_t n = read(fd, buf + used, size - 1 - used);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_set_errno(e, ERR_FAILED, layer, "cannot read what it says");
        buf[used += (size_t)n] = '\0';
        if (n == 0)
            return 0;
        if (used == size - 1)
            return err_set(e, ERR_FAILED, layer, "it says more than %zu bytes", size);
    }
}

static char *last_line(char *text)
{
    size_t len = strlen(text);

    while (len > 0 && strchr("\r\n", text[len - 1]) != NULL)
        text[--len] = '\0';
    char *line = strrchr(text, '\n');
    return line != NULL ? line + 1 : text;
}

int run_program(const char *layer, const char *const *argv, int patience_ms, char *buf, size_t size,
                struct err *e)
{
    int ends[2], status = 0, why;

    buf[0] = '\0';
    if (pipe2(ends, O_CLOEXEC) != 0)
        return err_set_errno(e, ERR_FAILED, layer, "cannot create a pipe");
    pid_t pid = start(argv, ends[1], &why);
    close(ends[1]);
    int rc = pid > 0 ? collect(layer, ends[0], patience_ms, buf, size, e) : 0;
    close(ends[0]);
    if (pid > 0 && rc != 0)
        kill(pid, SIGKILL);
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (rc != 0)
        return -1;
    if (pid < 0 && why == ENOENT)
        return 1;
    if (pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    if (pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == NOT_FOUND)
        return 1;
    return err_set(e, ERR_FAILED, layer, "%s", pid > 0 ? last_line(buf) : strerror(why));
}
