#include "tether/jump.h"

#include "base/mem.h"
#include "control/control-client.h"
#include "control/lock.h"
#include "control/message.h"
#include "store/runtime.h"
#include "tether/deadlines.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define ANSWER_MAX 4096
#define CHILD_MS 3000 /* from the end of what it says, or the signal, to its own end */
#define CHILD_LOOK_MS 5
/* This link is run, and not the path that path_program() reads from it: an upgrade may
 * have replaced the file there, and the hop has to be of the version that asks for it. */
#define SELF "/proc/self/exe"

extern char **environ;

/* "TCP: cannot connect" of the hop becomes "hop bastion: TCP: cannot connect"
 * here; one that bears a hop of its own keeps both. */
int jump_error(struct err *e, const char *via, const struct err *theirs)
{
    char layer[ERR_LAYER_SIZE], text[900];

    if (e == NULL)
        return -1;
    err_text(theirs, text, sizeof text);
    snprintf(layer, sizeof layer, "hop %.80s", via);
    err_set(e, theirs->code, layer, "%s", text);
    e->later = theirs->later;
    if (!theirs->fix_there)
        err_fix(e, "%s", theirs->fix);
    return err_hint(e, "%s", theirs->hint);
}

static int ended_early(struct err *e, const char *via, enum wait_result r)
{
    struct err why = ERR_INIT;

    if (r == WAIT_CANCELLED)
        return err_set(e, ERR_FAILED, "", "interrupted");
    err_set(&why, ERR_UNREACHABLE, "", "it does not answer");
    err_hint(&why, "docktether status %s", via);
    return jump_error(e, via, &why);
}

/* ---- starting a hop ------------------------------------------------------ */

static pid_t spawn_up(const char *via, int out_fd)
{
    const char *const argv[] = { "docktether", "up", "--for-others", via, NULL };
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    sigset_t none;
    pid_t pid = -1;

    sigemptyset(&none);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out_fd, STDERR_FILENO);
    if (posix_spawn(&pid, SELF, &actions, &attr, (char *const *)(uintptr_t)argv, environ) != 0)
        pid = -1;
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&actions);
    return pid;
}

/* All that it says, until it closes the pipe, at the latest by its end. */
static enum wait_result collect(const struct wait *w, int fd, char *text, size_t size)
{
    size_t len = 0;

    for (;;) {
        char sink[256];
        enum wait_result r = wait_fd(w, fd, POLLIN);
        if (r != WAIT_READY)
            return r;
        ssize_t n = read(fd, sink, sizeof sink);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return WAIT_READY;
        for (ssize_t i = 0; i < n && len < size - 1; i++)
            text[len++] = sink[i];
        text[len] = '\0';
    }
}

/* What was waited for may have been told before it. */
static char *last_message(char *text)
{
    static const char mark[] = "docktether: ";
    char *line = strstr(text, mark), *next = line;

    while (next != NULL && (next = strstr(next, "\ndocktether: ")) != NULL)
        line = ++next;
    return line;
}

/* What `up` printed, less the program's and the profile's name, and its hint. */
static void parse_failure(char *text, const char *via, struct err *e, int status)
{
    char prefix[200];
    char *hint = strstr(text, "\nhint: ");
    char *line = last_message(text);

    snprintf(prefix, sizeof prefix, "docktether: %s: ", via);
    line = line != NULL ? line : text;
    if (strncmp(line, prefix, strlen(prefix)) == 0)
        line += strlen(prefix);
    if (hint != NULL) {
        hint += strlen("\nhint: ");
        hint[strcspn(hint, "\n")] = '\0';
    }
    line[strcspn(line, "\n")] = '\0';
    enum err_code code = status > 0 && status <= ERR_POLICY ? (enum err_code)status : ERR_FAILED;
    err_set(e, code, "", "%s", *line ? line : "it cannot be started");
    if (hint != NULL)
        err_hint(e, "%s", hint);
}

/* True when it has ended within ms. */
static bool collect_child(pid_t pid, int64_t ms, int *status)
{
    const struct deadline d = deadline_in(ms);

    for (;;) {
        pid_t ended = waitpid(pid, status, WNOHANG);
        if (ended == pid || (ended < 0 && errno != EINTR))
            return true;
        if (deadline_left(d) == 0)
            return false;
        poll(NULL, 0, CHILD_LOOK_MS);
    }
}

/* The child's exit status, as waitpid() has it. One that does not end, as it was stopped, is
 * killed, as it could not be collected later. */
static int end_child(pid_t pid, bool interrupt)
{
    int status = 0;

    if (interrupt)
        kill(pid, SIGTERM);
    if (collect_child(pid, CHILD_MS, &status))
        return status;
    kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return status;
}

/* `up` has deadlines of its own for each phase of each hop; ours is the sum of them, lest
 * it hangs. w's cancellation cuts it short. */
static int start_hop(const struct profile *p, const struct wait *w, struct err *e)
{
    const char *via = p->via;
    struct wait own = *w;
    struct err why = ERR_INIT;
    char text[2048] = "";
    int fds[2], status = 0;

    own.deadline = deadline_in(deadlines_hops_ms(p));

    if (pipe2(fds, O_CLOEXEC) != 0)
        return err_set_errno(e, ERR_FAILED, "", "cannot make a pipe");
    pid_t pid = spawn_up(via, fds[1]);
    close(fds[1]);
    enum wait_result r = pid > 0 ? collect(&own, fds[0], text, sizeof text) : WAIT_READY;
    close(fds[0]);
    if (pid > 0)
        status = end_child(pid, r != WAIT_READY);
    if (r != WAIT_READY)
        return ended_early(e, via, r);
    if (pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    parse_failure(text, via, &why, pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : ERR_FAILED);
    return jump_error(e, via, &why);
}

/* ---- the stream ---------------------------------------------------------- */

/* Takes the answer's line and not a byte more: what follows is the stream. */
static enum wait_result take_line(const struct wait *w, int fd, char *line)
{
    size_t len = 0;

    for (;;) {
        enum wait_result r = wait_fd(w, fd, POLLIN);
        if (r != WAIT_READY)
            return r;
        ssize_t n = control_client_receive(fd, line + len, ANSWER_MAX - 1 - len);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        /* Without a newline it is no answer, also when the hop is gone in the middle of it. */
        if (n <= 0)
            return WAIT_TIMEOUT;
        len += (size_t)n;
        if (line[len - 1] == '\n') {
            line[len - 1] = '\0';
            return WAIT_READY;
        }
        if (len == ANSWER_MAX - 1)
            return WAIT_TIMEOUT;
    }
}

static int accept_stream(const char *via, const struct wait *w, int fd, struct err *e)
{
    struct err theirs = ERR_INIT;
    char line[ANSWER_MAX];

    enum wait_result r = take_line(w, fd, line);
    if (r != WAIT_READY)
        return ended_early(e, via, r);
    json_t *answer = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
    bool ok = json_is_true(json_object_get(answer, "ok"));
    if (!ok)
        message_unpack_err(json_object_get(answer, "error"), &theirs);
    json_decref(answer);
    if (!ok)
        return jump_error(e, via, &theirs);
    if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
        return err_set_errno(e, ERR_FAILED, "", "cannot make a stream non-blocking");
    return 0;
}

static int ask_stream(const struct runtime *rt, const struct profile *p, const struct wait *w, struct err *e)
{
    struct err why = ERR_INIT;
    int fd = control_client_open(
        rt, json_pack("{s:s,s:s,s:I}", "op", "stream", "host", p->host, "port", (json_int_t)p->port), &why);

    if (fd < 0) {
        why.code = ERR_UNREACHABLE;
        jump_error(e, p->via, &why);
    } else if (accept_stream(p->via, w, fd, e) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

int jump_stream(const struct profile *p, const struct wait *w, struct err *e)
{
    struct runtime rt;

    if (runtime_init(&rt, p->via, e) != 0)
        return -1;
    int fd = ask_stream(&rt, p, w, e);
    runtime_clear(&rt);
    return fd;
}

static int dial(void *user, const struct wait *w, struct err *e)
{
    const struct profile *p = user;
    struct wait own = *w;
    struct runtime rt;
    pid_t pid;
    int fd = -1, rc = 0;

    if (runtime_init(&rt, p->via, e) != 0)
        return -1;
    wait_note(w, "hop", p->via);
    if (!lock_is_held(&rt, &pid)) {
        rc = start_hop(p, w, e);
        /* The time of this phase begins when the hop can be asked. */
        own.deadline = deadline_in(p->connect_timeout_ms);
    }
    if (rc == 0)
        fd = ask_stream(&rt, p, &own, e);
    runtime_clear(&rt);
    return fd;
}

struct dial_way jump_way(const struct profile *p)
{
    if (p->via == NULL)
        return (struct dial_way){ 0 };
    return (struct dial_way){ .dial = dial, .user = (void *)(uintptr_t)p };
}
