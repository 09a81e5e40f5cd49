#include "base/unixsock.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

bool unixsock_listening(const char *path)
{
    struct sockaddr_un sa = { .sun_family = AF_UNIX };

    if (strlen(path) > UNIXSOCK_PATH_MAX)
        return false;
    strcpy(sa.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* With a full queue it is EAGAIN. */
    bool heard = fd >= 0 && (connect(fd, (struct sockaddr *)&sa, sizeof sa) == 0 || errno == EAGAIN);
    if (fd >= 0)
        close(fd);
    return heard;
}

int unixsock_listen(const char *path, struct err *e)
{
    struct sockaddr_un sa = { .sun_family = AF_UNIX };

    if (unixsock_listening(path)) {
        err_set(e, ERR_FAILED, "runtime", "somebody else listens on %s", path);
        return err_hint(e, "a service manager, for a tether that `docktether enable` has set up?");
    }
    if (strlen(path) > UNIXSOCK_PATH_MAX)
        return err_set(e, ERR_FAILED, "runtime", "%s is too long a path for a unix socket", path);
    strcpy(sa.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return err_set_errno(e, ERR_FAILED, "runtime", "cannot make a socket");
    unlink(path);
    mode_t old = umask(0177);
    int rc = bind(fd, (struct sockaddr *)&sa, sizeof sa);
    umask(old);
    if (rc == 0)
        rc = listen(fd, SOMAXCONN);
    if (rc == 0)
        return fd;
    err_set_errno(e, ERR_FAILED, "runtime", "cannot listen on %s", path);
    close(fd);
    return -1;
}
