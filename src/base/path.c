#include "base/path.h"

#include "base/mem.h"

#include <limits.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __APPLE__
#include <mach-o/dyld.h>
#endif

/* The variable's value when it is set, not empty and absolute; NULL and no
 * error when it is unset or empty. */
static int absolute_env(const char *name, const char **value, struct err *e)
{
    *value = getenv(name);
    if (*value == NULL || **value == '\0') {
        *value = NULL;
        return 0;
    }
    if (**value != '/')
        return err_set(e, ERR_FAILED, "", "%s must be an absolute path, it is \"%s\"", name, *value);
    return 0;
}

char *path_home(struct err *e)
{
    const char *home;

    if (absolute_env("HOME", &home, e) != 0)
        return NULL;
    if (home == NULL) {
        const struct passwd *pw = getpwuid(getuid());
        if (pw != NULL && pw->pw_dir != NULL && pw->pw_dir[0] == '/')
            home = pw->pw_dir;
    }
    if (home == NULL || strcmp(home, PATH_NO_HOME) == 0) {
        err_set(e, ERR_FAILED, "", "no home directory: HOME is not set");
        return NULL;
    }
    /* Without slashes at its end, so that paths compare and show well. */
    char *copy = mem_strdup(home);
    for (size_t len = strlen(copy); len > 1 && copy[len - 1] == '/'; len--)
        copy[len - 1] = '\0';
    return copy;
}

/* $VAR/LEAF, or ~/FALLBACK/LEAF */
static char *xdg_dir(const char *variable, const char *fallback, const char *leaf, struct err *e)
{
    const char *base;

    if (absolute_env(variable, &base, e) != 0)
        return NULL;
    if (base != NULL)
        return mem_printf("%s/%s", base, leaf);

    char *home = path_home(e);
    if (home == NULL)
        return NULL;
    char *path = mem_printf("%s/%s/%s", home, fallback, leaf);
    free(home);
    return path;
}

char *path_config_dir(struct err *e)
{
    return xdg_dir("XDG_CONFIG_HOME", ".config", "docktether", e);
}

char *path_user_units(struct err *e)
{
    return xdg_dir("XDG_CONFIG_HOME", ".config", "systemd/user", e);
}

char *path_state_dir(struct err *e)
{
    return xdg_dir("XDG_STATE_HOME", ".local/state", "docktether", e);
}

char *path_login_dir(struct err *e)
{
    const char *base;
    struct stat st;

    if (absolute_env("XDG_RUNTIME_DIR", &base, e) != 0)
        return NULL;
    if (base != NULL)
        return mem_printf("%s/docktether", base);

    char *run = mem_printf("/run/user/%lu", (unsigned long)getuid());
    char *path = NULL;
    if (lstat(run, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == getuid())
        path = mem_printf("%s/docktether", run);
    free(run);
    return path;
}

char *path_runtime_dir(struct err *e)
{
    struct err why = ERR_INIT;

    char *path = path_login_dir(&why);
    if (path != NULL || why.code != ERR_NONE) {
        if (path == NULL && e != NULL)
            *e = why;
        return path;
    }
    char *state = path_state_dir(e);
    if (state == NULL)
        return NULL;
    path = mem_printf("%s/run", state);
    free(state);
    return path;
}

/* Where others can write, the sticky bit keeps their hands off ours. */
static bool is_safe(const char *dir)
{
    struct stat st;

    return dir[0] == '/' && stat(dir, &st) == 0 && S_ISDIR(st.st_mode) &&
           (st.st_uid == geteuid() || st.st_uid == 0) &&
           ((st.st_mode & (S_IWGRP | S_IWOTH)) == 0 || (st.st_mode & S_ISVTX) != 0);
}

char *path_temporary_dir(void)
{
    const char *dir = getenv("TMPDIR");

    return mem_strdup(dir != NULL && is_safe(dir) ? dir : "/tmp");
}

char *path_docker_config(struct err *e)
{
    const char *dir = getenv("DOCKER_CONFIG");

    if (dir != NULL && *dir != '\0') {
        if (*dir == '/')
            return mem_strdup(dir);
        /* Docker takes a relative one from the working directory. */
        char *cwd = getcwd(NULL, 0);
        if (cwd == NULL) {
            err_set_errno(e, ERR_FAILED, "", "DOCKER_CONFIG is relative and there is no working directory");
            return NULL;
        }
        char *path = mem_printf("%s/%s", cwd, dir);
        free(cwd);
        return path;
    }
    char *home = path_home(e);
    if (home == NULL)
        return NULL;
    char *path = mem_printf("%s/.docker", home);
    free(home);
    return path;
}

char *path_expand(const char *path, struct err *e)
{
    if (path[0] == '/')
        return mem_strdup(path);
    if (path[0] == '~' && (path[1] == '/' || path[1] == '\0')) {
        char *home = path_home(e);
        if (home == NULL)
            return NULL;
        char *full = mem_printf("%s%s", home, path + 1);
        free(home);
        return full;
    }
    err_set(e, ERR_FAILED, "", "\"%s\" must be an absolute path or begin with ~/", path);
    return NULL;
}

char *path_display(const char *path)
{
    char *home = path_home(NULL);
    char *shown = NULL;

    if (home != NULL && strlen(home) > 1) {
        size_t len = strlen(home);
        if (strncmp(path, home, len) == 0 && path[len] == '/')
            shown = mem_printf("~%s", path + len);
    }
    free(home);
    return shown != NULL ? shown : mem_strdup(path);
}

static bool running_program(char *path, size_t size)
{
#ifdef __APPLE__
    uint32_t room = (uint32_t)size;

    return _NSGetExecutablePath(path, &room) == 0;
#else
    ssize_t n = readlink("/proc/self/exe", path, size - 1);

    if (n > 0)
        path[n] = '\0';
    return n > 0;
#endif
}

char *path_program(struct err *e)
{
    char path[PATH_MAX];

    if (running_program(path, sizeof path))
        return mem_strdup(path);
    err_set_errno(e, ERR_FAILED, "", "cannot find the path of this program");
    return NULL;
}
