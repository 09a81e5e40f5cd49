/* Files that are replaced in one step. */
#include "base/file.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int write_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        data += n;
        len -= (size_t)n;
    }
    return 0;
}

static char *parent_of(const char *path)
{
    char *dir = mem_strdup(path);
    char *slash = strrchr(dir, '/');

    if (slash == dir)
        slash[1] = '\0';
    else if (slash != NULL)
        *slash = '\0';
    else
        strcpy(dir, ".");
    return dir;
}

static void sync_dir(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd); /* not every file system can; the rename stands anyway */
        close(fd);
    }
}

/* fchmod() makes the mode exact under any umask. keep_access keeps the old file's owner,
 * group and mode: under sudo it may belong to another user. If the group cannot be kept,
 * the new group gets no access. */
static int set_access(int fd, const char *path, const struct file_writing *how)
{
    struct stat old;
    mode_t mode = how->mode;

    if (how->keep_access && stat(path, &old) == 0) {
        mode = old.st_mode & 0777;
        if (fchown(fd, old.st_uid, old.st_gid) != 0 && fchown(fd, (uid_t)-1, old.st_gid) != 0)
            mode &= ~(mode_t)S_IRWXG;
    }
    return fchmod(fd, mode);
}

/* Gives the finished file its name. link() is the rename that never replaces. */
static int put_in_place(const char *tmp, const char *path, bool replace)
{
    if (replace)
        return rename(tmp, path);
    if (link(tmp, path) != 0)
        return -1;
    (void)unlink(tmp);
    return 0;
}

static int write_beside(int fd, const char *tmp, const char *path, const char *data, size_t len,
                        const struct file_writing *how, struct err *e)
{
    if (set_access(fd, path, how) != 0 || write_all(fd, data, len) != 0 || fsync(fd) != 0)
        return err_set_errno(e, ERR_FAILED, "", "cannot write %s", tmp);
    /* Nothing that takes long comes between this look and the rename. */
    if (how->still_wanted != NULL && !how->still_wanted(how->user))
        return 1;
    if (put_in_place(tmp, path, how->replace) != 0)
        return err_set_errno(e, ERR_FAILED, "", "cannot write %s", path);
    return 0;
}

static int write_file(const char *path, const void *data, size_t len, const struct file_writing *how,
                      struct err *e)
{
    char *dir = parent_of(path);
    char *tmp = mem_printf("%s/.docktether-XXXXXX", dir);
    int rc = -1, saved;

    int fd = mkostemp(tmp, O_CLOEXEC);
    if (fd >= 0) {
        rc = write_beside(fd, tmp, path, data, len, how, e);
        saved = errno;
        if (rc == 0)
            sync_dir(dir);
        else
            unlink(tmp);
        close(fd);
    } else {
        err_set_errno(e, ERR_FAILED, "", "cannot create a file in %s", dir);
        saved = errno;
    }
    free(tmp);
    free(dir);
    errno = saved;
    return rc;
}

int file_write_as(const char *path, const void *data, size_t len, const struct file_writing *how,
                  struct err *e)
{
    /* Signals that would end the process wait: it would leave a copy behind. SIGXFSZ is
     * held so that write() says EFBIG, and taken away, as the error tells it. */
    static const int ending[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGXFSZ };
    sigset_t held, before, pending, too_large;
    int taken;

    sigemptyset(&held);
    for (size_t i = 0; i < sizeof ending / sizeof *ending; i++)
        sigaddset(&held, ending[i]);
    pthread_sigmask(SIG_BLOCK, &held, &before);
    int rc = write_file(path, data, len, how, e), saved = errno;
    sigemptyset(&too_large);
    sigaddset(&too_large, SIGXFSZ);
    if (!sigismember(&before, SIGXFSZ) && sigpending(&pending) == 0 && sigismember(&pending, SIGXFSZ))
        (void)sigwait(&too_large, &taken);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = saved;
    return rc;
}

int file_write(const char *path, const void *data, size_t len, mode_t mode, bool replace, struct err *e)
{
    const struct file_writing how = { .mode = mode, .replace = replace };

    return file_write_as(path, data, len, &how, e);
}
