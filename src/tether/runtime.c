#include "tether/runtime.h"

#include "base/digest.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define SUN_PATH_MAX (sizeof(((struct sockaddr_un *)0)->sun_path) - 1)
#define LOCK_TRIES 16

static char *socket_file(const char *dir, const char *name, const char *suffix, struct err *e)
{
    char hash[DIGEST_HEX_SIZE];

    char *path = mem_printf("%s/%s.%s", dir, name, suffix);
    if (strlen(path) <= SUN_PATH_MAX)
        return path;
    free(path);
    digest_sha256_hex(name, strlen(name), hash);
    path = mem_printf("%s/%.16s.%s", dir, hash, suffix);
    if (strlen(path) <= SUN_PATH_MAX)
        return path;
    free(path);
    err_set(e, ERR_FAILED, "runtime", "%s is too long a path for a unix socket", dir);
    err_hint(e, "set XDG_RUNTIME_DIR to a shorter one");
    return NULL;
}

int runtime_init(struct runtime *rt, const char *name, struct err *e)
{
    memset(rt, 0, sizeof *rt);
    char *state = path_state_dir(e);
    if (state != NULL)
        rt->dir = path_runtime_dir(e);
    if (rt->dir != NULL) {
        rt->sock = socket_file(rt->dir, name, "sock", e);
        rt->ctl = rt->sock != NULL ? socket_file(rt->dir, name, "ctl", e) : NULL;
        rt->lock = mem_printf("%s/%s.lock", rt->dir, name);
        rt->log = mem_printf("%s/%s.log", state, name);
        /* No name of a profile begins with a full stop. */
        rt->slots = mem_printf("%s/.logins", rt->dir);
    }
    free(state);
    if (rt->ctl != NULL)
        return 0;
    runtime_clear(rt);
    return -1;
}

/* A new directory there; NULL when none can be made, or when it is too deep for a socket. */
static char *make_private(const char *parent, const char *prefix)
{
    char *dir = mem_printf("%s/%sXXXXXX", parent, prefix);

    if (strlen(dir) + strlen("/docker.sock") <= SUN_PATH_MAX && mkdtemp(dir) != NULL)
        return dir;
    free(dir);
    return NULL;
}

int runtime_init_private(struct runtime *rt, struct err *e)
{
    struct err why = ERR_INIT;

    memset(rt, 0, sizeof *rt);
    char *login = path_login_dir(&why), *temporary = path_temporary_dir();
    if (login != NULL && file_mkdir_private(login, &why) == 0)
        rt->dir = make_private(login, "exec-");
    if (rt->dir != NULL)
        rt->slots = mem_printf("%s/.logins", login);
    else
        rt->dir = make_private(temporary, "docktether-");
    if (rt->dir != NULL) {
        rt->sock = mem_printf("%s/docker.sock", rt->dir);
        rt->ctl = mem_printf("%s/ctl", rt->dir);
        rt->lock = mem_printf("%s/lock", rt->dir);
        rt->log = mem_printf("%s/log", rt->dir);
        if (rt->slots == NULL)
            rt->slots = mem_printf("%s/logins", rt->dir);
    } else {
        err_set_errno(e, ERR_FAILED, "runtime", "cannot make a directory in %s", temporary);
        err_hint(e, "set XDG_RUNTIME_DIR, or TMPDIR, to a directory of yours");
    }
    free(login);
    free(temporary);
    return rt->dir != NULL ? 0 : -1;
}

void runtime_discard(const struct runtime *rt)
{
    if (rt->dir == NULL)
        return;
    char *older = mem_printf("%s.1", rt->log), *logins = mem_printf("%s/logins", rt->dir);
    runtime_remove(rt, true);
    unlink(rt->log);
    unlink(older);
    unlink(logins);
    (void)rmdir(rt->dir);
    free(older);
    free(logins);
}

void runtime_clear(struct runtime *rt)
{
    free(rt->dir);
    free(rt->sock);
    free(rt->ctl);
    free(rt->lock);
    free(rt->log);
    free(rt->slots);
    memset(rt, 0, sizeof *rt);
}

char *runtime_socket_path(const char *name, struct err *e)
{
    struct runtime rt;

    if (runtime_init(&rt, name, e) != 0)
        return NULL;
    char *path = mem_strdup(rt.sock);
    runtime_clear(&rt);
    return path;
}

int runtime_prepare(const struct runtime *rt, struct err *e)
{
    char *state = path_state_dir(e);

    if (state == NULL)
        return -1;
    int rc = file_mkdir_private(state, e);
    free(state);
    return rc == 0 ? file_mkdir_private(rt->dir, e) : -1;
}

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

int runtime_lock(const struct runtime *rt, int *fd, struct err *e)
{
    for (int i = 0; i < LOCK_TRIES; i++) {
        *fd = open(rt->lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (*fd < 0)
            return err_set_errno(e, ERR_FAILED, "runtime", "cannot open %s", rt->lock);
        if (flock(*fd, LOCK_EX | LOCK_NB) != 0) {
            int error = errno;
            /* Somebody who only looks, see runtime_locked(), is gone at once. */
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

int runtime_adopt(const struct runtime *rt, int fd, struct err *e)
{
    if (is_current(fd, rt->lock) && write_pid(fd) == 0)
        return 0;
    return err_set(e, ERR_FAILED, "runtime", "cannot take %s over", rt->lock);
}

bool runtime_locked(const struct runtime *rt, pid_t *pid)
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

bool runtime_listening(const char *path)
{
    struct sockaddr_un sa = { .sun_family = AF_UNIX };

    if (strlen(path) > SUN_PATH_MAX)
        return false;
    strcpy(sa.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* With a full queue it is EAGAIN. */
    bool heard = fd >= 0 && (connect(fd, (struct sockaddr *)&sa, sizeof sa) == 0 || errno == EAGAIN);
    if (fd >= 0)
        close(fd);
    return heard;
}

int runtime_listen(const char *path, struct err *e)
{
    struct sockaddr_un sa = { .sun_family = AF_UNIX };

    if (runtime_listening(path)) {
        err_set(e, ERR_FAILED, "runtime", "somebody else listens on %s", path);
        return err_hint(e, "a service manager, for a tether that `docktether enable` has set up?");
    }
    if (strlen(path) > SUN_PATH_MAX)
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

void runtime_remove(const struct runtime *rt, bool sock)
{
    if (sock)
        unlink(rt->sock);
    unlink(rt->ctl);
    unlink(rt->lock); /* last: who finds no lock finds no sockets either */
}
