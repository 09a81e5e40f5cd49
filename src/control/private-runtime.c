#include "control/private-runtime.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/unixsock.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PRIVATE "exec-"
#define SWEEP_MAX 256     /* directories that one start looks at */
#define UNLOCKED_MAX 3600 /* seconds; longer than any start takes to get its lock */

/* Those of a directory of private_runtime_init(); the lock is the last to go. */
static const char *const private_files[] = { "docker.sock", "ctl", "log", "log.1", "logins", "lock" };

static void remove_private(int dir)
{
    for (size_t i = 0; i < sizeof private_files / sizeof *private_files; i++)
        (void)unlinkat(dir, private_files[i], 0);
}

/* True when no process holds the lock in dir and one did: its process id is in the file.
 * A directory without a lock, or with an empty one, is being made, unless it is old. The
 * lock is tried as a shared one, lest another process that looks takes us for the holder. */
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

/* Removes the directories of commands that were killed together with their tether. */
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

/* The runtime directory, made within what the login has. A variable that names no
 * existing directory does not count, and none is made for it. */
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

    if (strlen(dir) + strlen("/docker.sock") <= UNIXSOCK_PATH_MAX && mkdtemp(dir) != NULL)
        return dir;
    free(dir);
    return NULL;
}

int private_runtime_init(struct runtime *rt, struct err *e)
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

void private_runtime_discard(const struct runtime *rt)
{
    int dir = rt->dir != NULL ? open(rt->dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;

    if (dir < 0)
        return;
    remove_private(dir);
    close(dir);
    (void)rmdir(rt->dir);
}
