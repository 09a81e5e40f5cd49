#include "base/dirlock.h"

#include "base/time.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <unistd.h>

#define LOOK_MS_MAX 20

/* NFS, for example, locks only files that are open for writing, which a directory never is. */
static bool is_unsupported(int error)
{
    return error == EBADF || error == EINVAL || error == ENOLCK || error == ENOSYS || error == EOPNOTSUPP;
}

int dirlock_take(const char *dir, int64_t timeout_ms, int *lock, struct err *e)
{
    struct deadline d = deadline_in(timeout_ms);

    *lock = -1;
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return 1;
    if (fd < 0)
        return err_set_errno(e, ERR_FAILED, "", "cannot open %s", dir);
    /* flock() itself knows no deadline. */
    for (int pause_ms = 1; flock(fd, LOCK_EX | LOCK_NB) != 0; pause_ms *= 2) {
        if (is_unsupported(errno))
            break;
        if (errno != EWOULDBLOCK && errno != EINTR) {
            err_set_errno(e, ERR_FAILED, "", "cannot lock %s", dir);
            close(fd);
            return -1;
        }
        if (deadline_left(d) == 0) {
            close(fd);
            err_set(e, ERR_FAILED, "", "%s stayed locked by other docktether commands for %d seconds", dir,
                    (int)(timeout_ms / 1000));
            return err_hint(e, "check whether one of them is stopped: ps -C docktether -o pid,stat,args");
        }
        if (pause_ms > LOOK_MS_MAX)
            pause_ms = LOOK_MS_MAX;
        poll(NULL, 0, pause_ms);
    }
    *lock = fd;
    return 0;
}

void dirlock_release(int lock)
{
    if (lock >= 0)
        close(lock);
}
