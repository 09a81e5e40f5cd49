/* scratch: a directory of a test's own, which is also its HOME. */
#ifndef DOCKTETHER_TESTS_SCRATCH_H
#define DOCKTETHER_TESTS_SCRATCH_H

#include "base/mem.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* cmocka's set-up: *state is the directory. */
static inline int scratch_setup(void **state)
{
    char *dir = mem_strdup("/tmp/docktether-test-XXXXXX");

    if (mkdtemp(dir) == NULL)
        return -1;
    umask(022);
    setenv("HOME", dir, 1);
    unsetenv("XDG_CONFIG_HOME");
    unsetenv("XDG_STATE_HOME");
    unsetenv("XDG_RUNTIME_DIR");
    unsetenv("DOCKER_CONFIG");
    *state = dir;
    return 0;
}

static inline int scratch_unlink(const char *path, const struct stat *st, int type, struct FTW *walk)
{
    (void)st;
    (void)type;
    (void)walk;
    return remove(path);
}

static inline int scratch_teardown(void **state)
{
    int rc = nftw(*state, scratch_unlink, 8, FTW_DEPTH | FTW_PHYS);

    free(*state);
    return rc;
}

/* DIR/NAME; the caller frees it. */
static inline char *scratch_path(void **state, const char *name)
{
    return mem_printf("%s/%s", (const char *)*state, name);
}

/* Writes a file without any help of the code under test. */
static inline void scratch_write(const char *path, const char *text, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) || fchmod(fd, mode) != 0 ||
        close(fd) != 0)
        abort();
}

static inline mode_t scratch_mode(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0 ? st.st_mode & 07777 : 0;
}

/* How many entries a directory has, those that begin with a dot included. */
static inline int scratch_entries(const char *path)
{
    DIR *dir = opendir(path);
    int count = -2;

    if (dir == NULL)
        return -1;
    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count;
}

#endif
