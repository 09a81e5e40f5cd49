#include "control/lock.h"

#include "base/time.h"
#include "base/unixsock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOCK_TRIES 16

static int write_pid(int fd)
{
    char text[24];
    int len = snprintf(text, sizeof text, "%ld\n", (long)getpid());

    return ftruncate(fd, 0) == 0 && pwrite(fd, text, (size_t)len, 0) == len ? 0 : -1;
}

/* The file that we locked may have been removed by its former holder between
 * our open() and flock(): then the lock protects nothing. */
static bool is_current(int fd, const char *path)
{
    struct stat a, b;

    return fstat(fd, &a) == 0 && lstat(path, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static bool is_file(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

static int take(const struct runtime *rt, int *fd, int (*mark)(int fd), struct err *e)
{
    for (int i = 0; i < LOCK_TRIES; i++) {
        *fd = open(rt->lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
        if (*fd < 0)
            return err_set_errno(e, ERR_FAILED, "runtime", "cannot open %s", rt->lock);
        if (!is_file(*fd)) {
            close(*fd);
            *fd = -1;
            err_set(e, ERR_FAILED, "runtime", "%s is not a regular file", rt->lock);
            return err_fix_file(e, "rm", rt->lock);
        }
        if (flock(*fd, LOCK_EX | LOCK_NB) != 0) {
            int error = errno;
            /* A process that only looks, see lock_is_held(), is gone at once. */
            bool looked_at = error == EWOULDBLOCK && flock(*fd, LOCK_SH | LOCK_NB) == 0;
            close(*fd);
            *fd = -1;
            if (looked_at) {
                poll(NULL, 0, 1);
                continue;
            }
            if (error == EWOULDBLOCK)
                return 1;
            errno = error;
            return err_set_errno(e, ERR_FAILED, "runtime", "cannot lock %s", rt->lock);
        }
        if (is_current(*fd, rt->lock)) {
            if (mark(*fd) == 0)
                return 0;
            err_set_errno(e, ERR_FAILED, "runtime", "cannot write %s", rt->lock);
            close(*fd);
            *fd = -1;
            return -1;
        }
        close(*fd);
        *fd = -1;
    }
    return err_set(e, ERR_FAILED, "runtime", "%s keeps being replaced", rt->lock);
}

static int write_nothing(int fd)
{
    return ftruncate(fd, 0);
}

int lock_take(const struct runtime *rt, int *fd, struct err *e)
{
    return take(rt, fd, write_pid, e);
}

int lock_take_to_clean(const struct runtime *rt, int *fd, struct err *e)
{
    return take(rt, fd, write_nothing, e);
}

int lock_adopt(const struct runtime *rt, int fd, struct err *e)
{
    if (is_current(fd, rt->lock) && write_pid(fd) == 0)
        return 0;
    return err_set(e, ERR_FAILED, "runtime", "cannot take %s over", rt->lock);
}

bool lock_is_held(const struct runtime *rt, pid_t *pid)
{
    char text[24] = "";

    *pid = 0;
    /* Not blocking: a FIFO in its place would let open() wait for a writer. */
    int fd = open(rt->lock, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return false;
    /* A shared lock, so that two processes that look at once do not see each other. */
    bool held = is_file(fd) && flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (held && pread(fd, text, sizeof text - 1, 0) > 0)
        *pid = (pid_t)strtol(text, NULL, 10);
    close(fd);
    return held;
}

/* ---- the process that holds it ---------------------------------------------- */

#define AWAIT_LOOK_MS 10

static int open_pidfd(pid_t pid)
{
#ifdef SYS_pidfd_open
    return (int)syscall(SYS_pidfd_open, pid, 0U);
#else
    (void)pid;
    errno = ENOSYS;
    return -1;
#endif
}

/* The process that listens on the control socket, as the kernel names it to this process's PID
 * namespace (SO_PEERCRED, unix(7)); 0 when it cannot be told. A process that is stopped or hangs
 * still has a queue to connect to. */
static pid_t listening_process(const char *path)
{
    pid_t pid = 0;
#ifdef SO_PEERCRED
    struct ucred peer;
    socklen_t len = sizeof peer;
    int fd = unixsock_try_connect(path);

    if (fd < 0)
        return 0;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0)
        pid = peer.pid;
    close(fd);
#else
    (void)path;
#endif
    return pid;
}

/* True when the process has the lock file open, which other processes have only for a moment; also
 * where the system does not tell. An ordinary user is not told of a tether, which is not dumpable. */
static bool has_open(pid_t pid, const char *path)
{
    char dir[64];
    struct stat lock, st;
    const struct dirent *entry;
    bool found = false;

    snprintf(dir, sizeof dir, "/proc/%ld/fd", (long)pid);
    if (lstat(path, &lock) != 0)
        return false;
    DIR *d = opendir(dir);
    if (d == NULL)
        return access("/proc/self/fd", F_OK) != 0;
    while (!found && (entry = readdir(d)) != NULL)
        found = fstatat(dirfd(d), entry->d_name, &st, 0) == 0 && st.st_dev == lock.st_dev &&
                st.st_ino == lock.st_ino;
    closedir(d);
    return found;
}

static bool holds(const struct runtime *rt, pid_t pid)
{
    pid_t now;

    return lock_is_held(rt, &now) && now == pid &&
           (listening_process(rt->ctl) == pid || has_open(pid, rt->lock));
}

struct lock_holder lock_find_holder(const struct runtime *rt)
{
    struct lock_holder h = { .pid = 0, .fd = -1 };
    pid_t pid;

    if (!lock_is_held(rt, &pid) || pid <= 1)
        return h;
    /* From here on the number cannot become another process's, as far as h is concerned. */
    h.fd = open_pidfd(pid);
    bool known = h.fd >= 0 || errno == ENOSYS || errno == EPERM;
    if (known && holds(rt, pid))
        h.pid = pid;
    else
        lock_forget_holder(&h);
    return h;
}

void lock_forget_holder(struct lock_holder *h)
{
    if (h->fd >= 0)
        close(h->fd);
    *h = (struct lock_holder){ .pid = 0, .fd = -1 };
}

void lock_signal_holder(const struct runtime *rt, const struct lock_holder *h, int number)
{
    if (h->pid <= 1 || !holds(rt, h->pid))
        return;
#ifdef SYS_pidfd_send_signal
    if (h->fd >= 0) {
        (void)syscall(SYS_pidfd_send_signal, h->fd, number, NULL, 0U);
        return;
    }
#endif
    (void)kill(h->pid, number);
}

bool lock_await_holder(const struct lock_holder *h, int64_t ms)
{
    const struct deadline d = deadline_in(ms);
    struct pollfd p = { .fd = h->fd, .events = POLLIN };

    if (h->pid <= 1)
        return true;
    while (h->fd < 0 && kill(h->pid, 0) == 0) {
        if (deadline_left(d) == 0)
            return false;
        poll(NULL, 0, AWAIT_LOOK_MS);
    }
    if (h->fd < 0)
        return true;
    int rc;
    while ((rc = poll(&p, 1, deadline_left(d))) < 0 && errno == EINTR)
        continue;
    return rc > 0;
}
