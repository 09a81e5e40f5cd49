#include "base/run.h"

#include "base/time.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOT_FOUND 127
#define REASON_SIZE 2048 /* of standard error; what comes later is dropped */
#define REAP_MS 1000     /* a killed process that takes longer hangs in the kernel */
#define NAP_MAX_MS 20

extern char **environ;

/* One output of the program and the buffer that it goes into. */
struct stream {
    int fd; /* -1: ended */
    char *buf;
    size_t used, size;
    bool bounded; /* more than fits is an error, not dropped */
};

static pid_t start(const char *const *argv, int out, int errors, int *why)
{
    posix_spawn_file_actions_t actions;
    pid_t pid = -1;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO);
    *why = posix_spawnp(&pid, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    return *why == 0 ? pid : -1;
}

static void end_stream(struct stream *s)
{
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
}

static int read_stream(const char *layer, struct stream *s, struct err *e)
{
    char sink[512];
    size_t room = s->size - 1 - s->used;
    ssize_t n = read(s->fd, room > 0 ? s->buf + s->used : sink, room > 0 ? room : sizeof sink);

    if (n < 0 && errno == EINTR)
        return 0;
    if (n < 0)
        return err_set_errno(e, ERR_FAILED, layer, "cannot read its output");
    if (n == 0)
        end_stream(s);
    else if (room > 0)
        s->used += (size_t)n;
    s->buf[s->used] = '\0';
    if (s->bounded && s->used == s->size - 1)
        return err_set(e, ERR_FAILED, layer, "it prints more than %zu bytes", s->size);
    return 0;
}

static int too_slow(const char *layer, int patience_ms, struct err *e)
{
    return err_set(e, ERR_FAILED, layer, "it took longer than %d seconds", patience_ms / 1000);
}

/* 0 when both streams have ended; -1: the process has to be killed. */
static int collect(const char *layer, struct stream s[2], struct deadline d, int patience_ms, struct err *e)
{
    while (s[0].fd >= 0 || s[1].fd >= 0) {
        struct pollfd pfd[2] = { { .fd = s[0].fd, .events = POLLIN }, { .fd = s[1].fd, .events = POLLIN } };
        int left = deadline_left(d);
        if (left == 0)
            return too_slow(layer, patience_ms, e);
        if (poll(pfd, 2, left) <= 0)
            continue;
        for (int i = 0; i < 2; i++)
            if (s[i].fd >= 0 && pfd[i].revents != 0 && read_stream(layer, &s[i], e) != 0)
                return -1;
    }
    return 0;
}

/* True when it has ended by the deadline. */
static bool reap(pid_t pid, struct deadline d, int *status)
{
    for (int nap = 1;; nap = nap * 2 < NAP_MAX_MS ? nap * 2 : NAP_MAX_MS) {
        pid_t got = waitpid(pid, status, WNOHANG);
        if (got == pid || (got < 0 && errno != EINTR))
            return true;
        int left = deadline_left(d);
        if (left == 0)
            return false;
        poll(NULL, 0, nap < left ? nap : left);
    }
}

/* What it printed as its reason, its lines joined to one sentence. */
static void join_lines(char *text, char *out, size_t size)
{
    char *save = NULL;
    size_t len = 0;

    out[0] = '\0';
    for (char *line = strtok_r(text, "\r\n", &save); line != NULL; line = strtok_r(NULL, "\r\n", &save)) {
        if (line[strspn(line, " \t")] == '\0')
            continue;
        int n = snprintf(out + len, size - len, "%s%s", len > 0 ? "; " : "", line);
        if (n < 0 || (size_t)n >= size - len)
            break;
        len += (size_t)n;
    }
}

static int verdict(const char *layer, int status, const struct stream s[2], struct err *e)
{
    char reason[REASON_SIZE];

    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_FOUND)
        return 1;
    join_lines(s[1].used > 0 ? s[1].buf : s[0].buf, reason, sizeof reason);
    if (*reason != '\0')
        return err_set(e, ERR_FAILED, layer, "%s", reason);
    if (WIFSIGNALED(status))
        return err_set(e, ERR_FAILED, layer, "it was ended by signal %d", WTERMSIG(status));
    return err_set(e, ERR_FAILED, layer, "it failed with status %d and gave no reason", WEXITSTATUS(status));
}

static int attend(const char *layer, pid_t pid, struct stream s[2], int patience_ms, struct err *e)
{
    struct deadline d = deadline_in(patience_ms);
    int status = 0;

    int rc = collect(layer, s, d, patience_ms, e);
    if (rc == 0 && !reap(pid, d, &status))
        rc = too_slow(layer, patience_ms, e);
    if (rc == 0)
        return verdict(layer, status, s, e);
    kill(pid, SIGKILL);
    (void)reap(pid, deadline_in(REAP_MS), &status);
    return rc;
}

int run_program(const char *layer, const char *const *argv, int patience_ms, char *buf, size_t size,
                struct err *e)
{
    char errors[REASON_SIZE] = "";
    int out[2], err[2], why;

    buf[0] = '\0';
    if (pipe2(out, O_CLOEXEC) != 0)
        return err_set_errno(e, ERR_FAILED, layer, "cannot create a pipe");
    if (pipe2(err, O_CLOEXEC) != 0) {
        err_set_errno(e, ERR_FAILED, layer, "cannot create a pipe");
        close(out[0]);
        close(out[1]);
        return -1;
    }
    pid_t pid = start(argv, out[1], err[1], &why);
    close(out[1]);
    close(err[1]);
    struct stream s[2] = { { .fd = out[0], .buf = buf, .size = size, .bounded = true },
                           { .fd = err[0], .buf = errors, .size = sizeof errors } };
    int rc = pid > 0         ? attend(layer, pid, s, patience_ms, e)
             : why == ENOENT ? 1
                             : err_set(e, ERR_FAILED, layer, "cannot run %s: %s", argv[0], strerror(why));
    end_stream(&s[0]);
    end_stream(&s[1]);
    return rc;
}
