#include "base/unixsock.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

int unixsock_address(struct sockaddr_un *sa, const char *path)
{
    size_t len = strlen(path);

    memset(sa, 0, sizeof *sa);
    sa->sun_family = AF_UNIX;
    if (len > UNIXSOCK_PATH_MAX) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(sa->sun_path, path, len + 1);
    return 0;
}

/* A blocking connect() to a full queue waits for this long; 0: without a limit. */
static void limit_connect(int fd, int ms)
{
    struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv);
}

/* timeout_ms is for a socket that blocks. */
static int open_connected(const char *path, int flags, int timeout_ms)
{
    struct sockaddr_un sa;

    if (unixsock_address(&sa, path) != 0)
        return -1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
    if (fd < 0)
        return -1;
    if (timeout_ms > 0)
        limit_connect(fd, timeout_ms);
    if (connect(fd, (const struct sockaddr *)&sa, sizeof sa) != 0) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    /* The limit is for the connect() alone, not for what is sent later. */
    if (timeout_ms > 0)
        limit_connect(fd, 0);
    return fd;
}

int unixsock_try_connect(const char *path)
{
    return open_connected(path, SOCK_NONBLOCK, 0);
}

int unixsock_connect(const char *path, struct deadline d)
{
    return open_connected(path, 0, deadline_left(d) + 1);
}

bool unixsock_listening(const char *path)
{
    int fd = unixsock_try_connect(path);

    if (fd < 0)
        return errno == EAGAIN; /* its queue is full */
    close(fd);
    return true;
}

static int bind_privately(int fd, const char *path, const struct sockaddr_un *sa)
{
    unlink(path);
    mode_t old = umask(0177);
    int rc = bind(fd, (const struct sockaddr *)sa, sizeof *sa);
    umask(old);
    return rc;
}

int unixsock_listen(const char *path, struct err *e)
{
    struct sockaddr_un sa;

    if (unixsock_listening(path)) {
        err_set(e, ERR_FAILED, "runtime", "another process listens on %s", path);
        return err_hint(e, "is it a service manager, for a tether that `docktether enable` has set up?");
    }
    if (unixsock_address(&sa, path) != 0)
        return err_set(e, ERR_FAILED, "runtime", "%s is too long a path for a unix socket", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return err_set_errno(e, ERR_FAILED, "runtime", "cannot make a socket");
    if (bind_privately(fd, path, &sa) == 0 && listen(fd, SOMAXCONN) == 0)
        return fd;
    err_set_errno(e, ERR_FAILED, "runtime", "cannot listen on %s", path);
    close(fd);
    return -1;
}
