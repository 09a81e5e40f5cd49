#include "fuzz.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_ROOM 512

static const struct fuzz_target *const tables[] = { fuzz_store, fuzz_docker, fuzz_ssh, fuzz_control,
                                                    fuzz_import };

static char home[64];

_Noreturn void fuzz_broken(const char *file, int line, const char *condition)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
    abort();
}

const struct fuzz_target *fuzz_at(size_t index)
{
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        for (const struct fuzz_target *t = tables[i]; t->name != NULL; t++)
            if (index-- == 0)
                return t;
    return NULL;
}

const struct fuzz_target *fuzz_find(const char *name)
{
    const struct fuzz_target *t;

    for (size_t i = 0; (t = fuzz_at(i)) != NULL; i++)
        if (strcmp(t->name, name) == 0)
            return t;
    return NULL;
}

static void point(const char *variable, const char *below)
{
    char path[PATH_ROOM];

    snprintf(path, sizeof path, "%s%s", home, below);
    FUZZ_HOLDS(mkdir(path, 0700) == 0 || strcmp(below, "") == 0);
    setenv(variable, path, 1);
}

const char *fuzz_home(void)
{
    if (*home != '\0')
        return home;
    strcpy(home, "/tmp/docktether-fuzz-XXXXXX");
    FUZZ_HOLDS(mkdtemp(home) != NULL);
    point("HOME", "");
    point("XDG_CONFIG_HOME", "/config");
    point("XDG_STATE_HOME", "/state");
    point("XDG_RUNTIME_DIR", "/run");
    point("DOCKER_CONFIG", "/docker");
    unsetenv("DOCKER_HOST");
    unsetenv("DOCKER_CONTEXT");
    unsetenv("SSH_AUTH_SOCK");
    return home;
}

static int drop(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

void fuzz_leave(void)
{
    if (*home != '\0')
        nftw(home, drop, 16, FTW_DEPTH | FTW_PHYS);
}

char *fuzz_text(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);

    FUZZ_HOLDS(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    return text;
}

void fuzz_put(const char *name, const uint8_t *data, size_t size)
{
    char path[PATH_ROOM];

    snprintf(path, sizeof path, "%s/%s", fuzz_home(), name);
    for (char *p = path + strlen(home) + 1; (p = strchr(p, '/')) != NULL; *p++ = '/') {
        *p = '\0';
        (void)mkdir(path, 0700);
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FUZZ_HOLDS(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    close(fd);
}
