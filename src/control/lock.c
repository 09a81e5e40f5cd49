#include "control/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
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

int lock_take(const struct runtime *rt, int *fd, struct err *e)
{
    for (int i = 0; i < LOCK_TRIES; i++) {
        *fd = open(rt->lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (*fd < 0)
            return err_set_errno(e, ERR_FAILED, "runtime", "cannot open %s", rt->lock);
        if (flock(*fd, LOCK_EX | LOCK_NB) != 0) {
            int error = errno;
            /* Somebody who only looks, see lock_is_held(), is gone at once. */
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
            if (write_pid(*fd) == 0)
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
    int fd = open(rt->lock, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return false;
    /* A shared lock, so that two who look at once do not see each other. */
    bool held = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (held && pread(fd, text, sizeof text - 1, 0) > 0)
        *pid = (pid_t)strtol(text, NULL, 10);
    close(fd);
    return held;
}
