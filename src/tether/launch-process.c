#include "tether/launch-internal.h"

#include "base/time.h"
#include "control/lock.h"
#include "control/message.h"
#include "control/private-runtime.h"
#include "tether/process.h"
#include "tether/status.h"
#include "tether/tether.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define GONE_MS 5000

/* ---- in the new process -------------------------------------------------- */

static void send_running(int fd)
{
    static const char line[] = "{\"running\":true}\n";

    (void)send(fd, line, sizeof line - 1, MSG_NOSIGNAL);
}

static int serve(struct tether_config *cfg, struct err *e)
{
    cfg->lock = -1;
    int rc = cfg->replace ? 0 : lock_take(cfg->runtime, &cfg->lock, e);
    if (rc != 0)
        return rc;
    log_info(cfg->log, "tether of %s started, process %ld", cfg->profile->name, (long)getpid());
    rc = tether_run(cfg, e);
    log_info(cfg->log, "tether ended, process %ld", (long)getpid());
    return rc;
}

static int detach(struct log *log, const struct runtime *rt, int keep, struct err *e)
{
    process_close_inherited(keep);
    if (setsid() < 0 || chdir("/") != 0)
        return err_set_errno(e, ERR_FAILED, "", "cannot detach");
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0)
        return err_set_errno(e, ERR_FAILED, "", "cannot open /dev/null");
    if (null > STDERR_FILENO)
        close(null);
    return log_to_file(log, rt->log, e);
}

static int child_main(const struct profile *p, const struct identities *ids, const struct runtime *rt,
                      const struct launch_options *o, bool replace, int fd)
{
    struct err e = ERR_INIT;
    struct log *log = log_new(p->name, o->level);
    struct tether_config cfg = { .profile = p,
                                 .identities = ids,
                                 .runtime = rt,
                                 .log = log,
                                 .ready_fd = fd,
                                 .bound = o->lifeline != NULL,
                                 .replace = replace,
                                 .replaceable = o->lifeline == NULL,
                                 .for_others = o->for_others };

    process_harden();
    int rc = detach(log, rt, fd, &e);
    if (rc == 0)
        rc = serve(&cfg, &e);
    if (rc == 1) {
        send_running(fd);
    } else if (rc < 0) {
        /* Unread when the tether has given an answer itself. */
        status_send_ready(fd, &e);
    }
    log_free(log);
    if (cfg.bound)
        private_runtime_discard(rt);
    return rc < 0;
}

/* ---- in the process that waits ------------------------------------------- */

/* After a failure the caller finds nothing left of the tether: the other end is
 * closed when its process ends. */
void launch_await_gone(int fd)
{
    struct deadline d = deadline_in(GONE_MS);
    struct pollfd p = { .fd = fd, .events = POLLIN };
    char sink[256];

    while (poll(&p, 1, deadline_left(d)) == 1 && recv(fd, sink, sizeof sink, MSG_DONTWAIT) > 0)
        continue;
}

/* A tether that hangs. Not one that has ended: its pid, as its lock, may be another's. */
static void kill_hung(const struct runtime *rt, int fd, pid_t tether)
{
    struct lock_holder h = lock_find_holder(rt);
    char byte;

    if (recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) != 0 && h.pid == tether)
        lock_signal_holder(rt, &h, SIGKILL);
    lock_forget_holder(&h);
}

static enum launch_result wait_for(const struct profile *p, const struct runtime *rt,
                                   const struct launch_options *o, int fd, pid_t tether, bool *again,
                                   struct err *e)
{
    json_t *answer = launch_await_answer(p, o, fd, e);
    enum launch_result result = LAUNCH_FAILED;

    *again = json_is_true(json_object_get(answer, "running"));
    if (json_is_true(json_object_get(answer, "ok"))) {
        result = LAUNCH_STARTED;
        if (o->lifeline != NULL) {
            *o->lifeline = fd;
            fd = -1;
        }
    } else if (json_is_true(json_object_get(answer, "replaced"))) {
        /* Joined as it is: of two sets of values the later one's is the right one. */
        result = launch_join(rt, p, o, again, e);
    } else {
        if (answer == NULL)
            kill_hung(rt, fd, tether);
        else if (!*again)
            message_unpack_err(json_object_get(answer, "error"), e);
        launch_await_gone(fd);
    }
    if (fd >= 0)
        close(fd);
    json_decref(answer);
    return result;
}

/* Forks twice, so that init collects the tether: `exec` becomes a command
 * that would never collect it. Its process id, or -1. */
static pid_t fork_tether(const struct profile *p, struct identities *ids, const struct runtime *rt,
                         const struct launch_options *o, bool replace, int fd)
{
    pid_t tether = -1;
    int told[2], status = 0;

    if (pipe2(told, O_CLOEXEC) != 0)
        return -1;
    fflush(NULL); /* or the child would write it once more */
    pid_t pid = fork();
    if (pid == 0) {
        pid_t inner = fork();
        if (inner == 0)
            /* exit(), not _exit(): leak checkers report from there. */
            exit(child_main(p, ids, rt, o, replace, fd));
        identities_free(ids); /* this process's copy of the keys */
        _exit(inner < 0 || write(told[1], &inner, sizeof inner) != sizeof inner);
    }
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (pid < 0 || status != 0 || read(told[0], &tether, sizeof tether) != sizeof tether)
        tether = -1;
    close(told[0]);
    close(told[1]);
    return tether;
}

enum launch_result launch_start(const struct profile *p, struct identities *ids, const struct runtime *rt,
                                const struct launch_options *o, bool replace, bool *again, struct err *e)
{
    int pair[2];

    *again = false;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return err_set_errno(e, ERR_FAILED, "", "cannot make a socket pair");
    pid_t tether = fork_tether(p, ids, rt, o, replace, pair[1]);
    close(pair[1]);
    if (tether > 0)
        return wait_for(p, rt, o, pair[0], tether, again, e);
    close(pair[0]);
    return err_set_errno(e, ERR_FAILED, "", "cannot start a process");
}
