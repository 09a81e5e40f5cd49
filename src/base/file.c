#include "base/file.h"

#include "base/mem.h"
#include "base/path.h"
#include "base/time.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET_TIMEOUT_MS 60000 /* a file on a network may be slow */

/* Directories that `sudo docktether` made belong to root, and sudo gives them back. */
static int hint_owner(uid_t owner, const char *path, struct err *e)
{
    static const char command[] = "sudo chown -R \"$(id -u):$(id -g)\"";

    if (owner != 0)
        return err_hint(e,
                        "do HOME and the XDG variables still name another user's directories, as after su?");
    err_hint_file(e,
                  "root made it, probably through sudo; to take it over: sudo chown -R \"$(id -u):$(id -g)\"",
                  path, "");
    return err_fix_file(e, command, path);
}

static int check_private(const char *path, const struct stat *st, struct err *e)
{
    struct stat link;

    if (lstat(path, &link) == 0 && S_ISLNK(link.st_mode) && link.st_uid != geteuid() && link.st_uid != 0)
        return err_set(e, ERR_FAILED, "", "%s is a symbolic link of another user", path);
    if (st->st_uid != geteuid() && st->st_uid != 0)
        return err_set(e, ERR_FAILED, "", "%s belongs to another user (uid %lu)", path,
                       (unsigned long)st->st_uid);
    if (st->st_mode & (S_IWGRP | S_IWOTH)) {
        err_set(e, ERR_FAILED, "", "%s can be written by others (mode %04o)", path,
                (unsigned)(st->st_mode & 07777));
        return err_hint_file(e, "check that its content is yours, then: chmod go-w", path, "");
    }
    return 0;
}

static int read_all(int fd, const char *path, size_t max, char **data, size_t *len, struct err *e)
{
    size_t used = 0, size = 4096;
    char *buf = mem_alloc(size);

    for (;;) {
        if (used + 1 >= size)
            buf = mem_resize(buf, size *= 2, 1);
        ssize_t n = read(fd, buf + used, size - used - 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            err_set_errno(e, ERR_FAILED, "", "cannot read %s", path);
            free(buf);
            return -1;
        }
        if (n == 0)
            break;
        used += (size_t)n;
        if (used > max) {
            free(buf);
            return err_set(e, ERR_FAILED, "", "%s is larger than %zu bytes", path, max);
        }
    }
    buf[used] = '\0';
    if (strlen(buf) != used) {
        free(buf);
        return err_set(e, ERR_FAILED, "", "%s is not a text file: it holds NUL bytes", path);
    }
    *data = buf;
    *len = used;
    return 0;
}

/* 0 with *fd, which is the caller's; 1 when there is no such file. */
static int open_regular(const char *path, int *fd, struct stat *st, struct err *e)
{
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (*fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return 1;
    if (*fd < 0)
        return err_set_errno(e, ERR_FAILED, "", "cannot open %s", path);
    if (fstat(*fd, st) != 0)
        err_set_errno(e, ERR_FAILED, "", "cannot look at %s", path);
    else if (!S_ISREG(st->st_mode))
        err_set(e, ERR_FAILED, "", "%s is not a regular file", path);
    else
        return 0;
    close(*fd);
    return -1;
}

int file_read(const char *path, enum file_trust trust, size_t max, char **data, size_t *len, struct err *e)
{
    struct stat st;
    int fd;

    int rc = open_regular(path, &fd, &st, e);
    if (rc != 0)
        return rc;
    rc = trust == FILE_ANY ? 0 : check_private(path, &st, e);
    if (rc == 0)
        rc = read_all(fd, path, max, data, len, e);
    close(fd);
    return rc;
}

int file_read_stdin(size_t max, char **data, size_t *len, struct err *e)
{
    return read_all(STDIN_FILENO, "standard input", max, data, len, e);
}

/* The bytes read; -1 with an error. buf has room for one more than max. */
static ssize_t drain(int fd, const char *name, size_t max, struct deadline d, char *buf, struct err *e)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    size_t used = 0;

    while (used <= max) {
        int ready = poll(&p, 1, deadline_left(d));
        ssize_t n = ready > 0 ? read(fd, buf + used, max + 1 - used) : -1;
        if (n == 0)
            return (ssize_t)used;
        if (n > 0)
            used += (size_t)n;
        else if (ready == 0)
            return err_set(e, ERR_FAILED, "", "%s: its end did not come", name);
        else if (errno != EINTR && errno != EAGAIN)
            return err_set_errno(e, ERR_FAILED, "", "cannot read %s", name);
    }
    return err_set(e, ERR_FAILED, "", "%s is larger than %zu bytes", name, max);
}

int file_read_fd(int fd, const char *name, size_t max, int64_t timeout_ms, char **data, size_t *len,
                 struct err *e)
{
    char *buf = mem_alloc(max + 2);
    ssize_t n = drain(fd, name, max, deadline_in(timeout_ms), buf, e);

    if (n >= 0 && strlen(buf) != (size_t)n)
        n = err_set(e, ERR_FAILED, "", "%s is not a text: it holds NUL bytes", name);
    if (n < 0) {
        mem_wipe(buf, max + 2);
        free(buf);
        return -1;
    }
    *data = buf;
    *len = (size_t)n;
    return 0;
}

int file_read_secret(const char *path, size_t max, char **data, size_t *len, struct stat *st, struct err *e)
{
    struct stat own;
    int fd;

    if (st == NULL)
        st = &own;
    int rc = open_regular(path, &fd, st, e);
    if (rc != 0)
        return rc;
    rc = file_read_fd(fd, path, max, SECRET_TIMEOUT_MS, data, len, e);
    close(fd);
    return rc;
}

/* Root is asked to give back only directories below our home: others never were ours. */
static int cannot_create(const char *path, struct err *e)
{
    bool denied = errno == EACCES;
    char *parent = mem_printf("%.*s", (int)(strrchr(path, '/') - path), path), *home = path_home(NULL);
    size_t len = home != NULL ? strlen(home) : 0;
    struct stat st;

    err_set_errno(e, ERR_FAILED, "", "cannot create directory %s", path);
    if (denied && len > 1 && strncmp(parent, home, len) == 0 && parent[len] == '/' &&
        lstat(parent, &st) == 0 && st.st_uid == 0)
        hint_owner(st.st_uid, parent, e);
    free(home);
    free(parent);
    return -1;
}

int file_mkdirs(const char *path, mode_t mode, struct err *e)
{
    struct stat st;
    int rc = 0;

    if (*path == '\0')
        return err_set(e, ERR_FAILED, "", "a directory without a name");
    char *p = mem_strdup(path);
    for (char *slash = strchr(p + 1, '/'); slash != NULL && rc == 0; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(p, 0755) != 0 && errno != EEXIST)
            rc = cannot_create(p, e);
        *slash = '/';
    }
    if (rc == 0 && mkdir(p, mode) != 0) {
        if (errno != EEXIST)
            rc = cannot_create(p, e);
        else if (stat(p, &st) != 0 || !S_ISDIR(st.st_mode))
            rc = err_set(e, ERR_FAILED, "", "%s is not a directory", p);
    }
    free(p);
    return rc;
}

static int check_dir(const char *path, const struct stat *st, struct err *e)
{
    if (S_ISLNK(st->st_mode))
        return err_set(e, ERR_FAILED, "", "%s is a symbolic link, it must be a directory", path);
    if (!S_ISDIR(st->st_mode))
        return err_set(e, ERR_FAILED, "", "%s is not a directory", path);
    if (st->st_uid != geteuid()) {
        err_set(e, ERR_FAILED, "", "%s belongs to another user (uid %lu)", path, (unsigned long)st->st_uid);
        return hint_owner(st->st_uid, path, e);
    }
    if (st->st_mode & (S_IWGRP | S_IWOTH)) {
        err_set(e, ERR_FAILED, "", "%s can be written by others (mode %04o)", path,
                (unsigned)(st->st_mode & 07777));
        return err_hint_file(e, "check that its content is yours, then: chmod 700", path, "");
    }
    return 0;
}

int file_check_dir(const char *path, struct err *e)
{
    struct stat st;

    if (lstat(path, &st) == 0)
        return check_dir(path, &st, e);
    if (errno == ENOENT || errno == ENOTDIR)
        return 1;
    return err_set_errno(e, ERR_FAILED, "", "cannot look at %s", path);
}

int file_mkdir_private(const char *path, struct err *e)
{
    struct stat st;

    if (file_mkdirs(path, 0700, e) != 0)
        return -1;
    if (lstat(path, &st) != 0)
        return err_set_errno(e, ERR_FAILED, "", "cannot look at %s", path);
    if (check_dir(path, &st, e) != 0)
        return -1;
    if ((st.st_mode & 07777) != 0700 && chmod(path, 0700) != 0)
        return err_set_errno(e, ERR_FAILED, "", "cannot make %s private", path);
    return 0;
}
