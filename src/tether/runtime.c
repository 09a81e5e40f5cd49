#include "tether/runtime.h"

#include "base/digest.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"

#include <dirent.h>
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
#include <time.h>
#include <unistd.h>

#define SUN_PATH_MAX (sizeof(((struct sockaddr_un *)0)->sun_path) - 1)
#define LOCK_TRIES 16
#define PRIVATE "exec-"
#define SWEEP_MAX 256     /* directories that one start looks at */
#define UNLOCKED_MAX 3600 /* seconds; longer than any start takes to get its lock */

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

/* ---- for one tether alone ------------------------------------------------------ */

/* Those of a directory of runtime_init_private(); the lock is the last to go. */
static const char *const private_files[] = { "docker.sock", "ctl", "log", "log.1", "logins", "lock" };

static void remove_private(int dir)
{
    for (size_t i = 0; i < sizeof private_files / sizeof *private_files; i++)
        (void)unlinkat(dir, private_files[i], 0);
}

/* Nobody holds the lock in dir, and somebody did: his process id is in it. One without
 * lock, or with an empty one, is being made, unless it is old. A shared lock, as who
 * looks at once must not take us for the holder. */
static bool is_abandoned(int dir, const struct stat *st)
{
    struct stat lock;
    bool locked = false, written = false;
    int fd = openat(dir, "lock", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    if (fd >= 0) {
        written = fstat(fd, &lock) == 0 && S_ISREG(lock.st_mode) && lock.st_size > 0;
        locked = flock(fd, LOCK_SH | LOCK_NB) != 0;
        close(fd);
    }
    return !locked && (written || time(NULL) - st->st_mtime > UNLOCKED_MAX);
}

static void sweep_one(int parent, const char *name)
{
    struct stat st;
    int dir = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (dir < 0)
        return;
    if (fstat(dir, &st) == 0 && st.st_uid == geteuid() && is_abandoned(dir, &st)) {
        remove_private(dir);
        (void)unlinkat(parent, name, AT_REMOVEDIR);
    }
    close(dir);
}

/* What those have left who were killed together with their tether. */
static void sweep(const char *parent)
{
    const size_t len = strlen(PRIVATE);
    const struct dirent *entry;
    DIR *d = opendir(parent);

    if (d == NULL)
        return;
    for (int left = SWEEP_MAX; left > 0 && (entry = readdir(d)) != NULL;) {
        if (strncmp(entry->d_name, PRIVATE, len) != 0 || strlen(entry->d_name) != len + 6)
            continue;
        sweep_one(dirfd(d), entry->d_name);
        left--;
    }
    closedir(d);
}

/* The runtime directory, made within what the login has. A variable that leads nowhere
 * is no directory of a login, and none is made for it. */
static bool enter_login(const char *login, struct err *e)
{
    struct stat st;
    char *base = mem_printf("%.*s", (int)(strrchr(login, '/') - login), login);
    bool there = stat(base, &st) == 0 && S_ISDIR(st.st_mode);

    free(base);
    return there && file_mkdir_private(login, e) == 0;
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
    if (login != NULL && enter_login(login, &why)) {
        sweep(login);
        rt->dir = make_private(login, PRIVATE);
    }
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
    int dir = rt->dir != NULL ? open(rt->dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;

    if (dir < 0)
        return;
    remove_private(dir);
    close(dir);
    (void)rmdir(rt->dir);
}

/* ---- of a profile, or alone ---------------------------------------------------- */

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
