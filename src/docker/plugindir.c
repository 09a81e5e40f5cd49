#include "docker/plugindir.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "docker/configfile.h"
#include "docker/plugin.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LAYER "docker plugin"
#define PROGRAM "docktether"

static const char *const system_dirs[] = {
    "/usr/local/lib/docker/cli-plugins",
    "/usr/local/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
    "/usr/libexec/docker/cli-plugins",
};

char *plugindir_link(struct err *e)
{
    char *dir = path_docker_config(e);
    char *path = dir != NULL ? mem_printf("%s/cli-plugins/" PLUGIN_FILE, dir) : NULL;

    free(dir);
    return path;
}

/* Sets *found to dir's file of that name, unless there was one before. */
static void look_in(const char *dir, char **found)
{
    char *path = mem_printf("%s/" PLUGIN_FILE, dir);

    if (*found == NULL && access(path, X_OK) == 0)
        *found = path;
    else
        free(path);
}

static void look_in_extra(char **found)
{
    struct configfile f;
    json_t *dir;
    size_t i;

    if (configfile_load(&f, NULL) != 0)
        return;
    json_t *config = json_loads(f.text, 0, NULL);
    json_array_foreach(json_object_get(config, "cliPluginsExtraDirs"), i, dir) if (json_is_string(dir))
        look_in(json_string_value(dir), found);
    json_decref(config);
    configfile_clear(&f);
}

char *plugindir_find(void)
{
    char *config = path_docker_config(NULL);
    char *found = NULL;

    look_in_extra(&found);
    if (config != NULL) {
        char *dir = mem_printf("%s/cli-plugins", config);
        look_in(dir, &found);
        free(dir);
    }
    for (size_t i = 0; i < sizeof system_dirs / sizeof *system_dirs; i++)
        look_in(system_dirs[i], &found);
    free(config);
    return found;
}

/* Where the link at path leads, or NULL and an errno. */
static char *target_of(const char *path)
{
    char target[PATH_MAX];
    ssize_t n = readlink(path, target, sizeof target - 1);

    if (n < 0)
        return NULL;
    target[n] = '\0';
    return mem_strdup(target);
}

/* A link of ours leads to a program of our name, wherever that is or was. */
static bool is_ours(const char *target)
{
    const char *slash = strrchr(target, '/');
    return strcmp(slash != NULL ? slash + 1 : target, PROGRAM) == 0;
}

static int not_ours(const char *path, struct err *e)
{
    err_set(e, ERR_FAILED, LAYER, "%s is not a link to docktether", path);
    return err_hint(e, "docktether leaves it alone: check what it is, then move it away");
}

static int make_link(const char *program, const char *path, struct err *e)
{
    char *dir = mem_printf("%.*s", (int)(strrchr(path, '/') - path), path);
    char *tmp = mem_printf("%s/.docktether-%ld", dir, (long)getpid());
    int rc = file_mkdirs(dir, 0755, e);

    /* Over an older one in one step. */
    if (rc == 0 && (symlink(program, tmp) != 0 || rename(tmp, path) != 0)) {
        rc = err_set_errno(e, ERR_FAILED, LAYER, "cannot make %s", path);
        (void)unlink(tmp);
    }
    free(tmp);
    free(dir);
    return rc;
}

int plugindir_install(const char *program, struct err *e)
{
    char *path = plugindir_link(e);
    struct stat st;
    int rc;

    if (path == NULL)
        return -1;
    char *target = target_of(path);
    if (target != NULL && strcmp(target, program) == 0)
        rc = 1;
    else if (target != NULL ? !is_ours(target) : lstat(path, &st) == 0)
        rc = not_ours(path, e);
    else
        rc = make_link(program, path, e);
    free(target);
    free(path);
    return rc;
}

int plugindir_remove(struct err *e)
{
    char *path = plugindir_link(e);
    struct stat st;
    int rc = 0;

    if (path == NULL)
        return -1;
    char *target = target_of(path);
    if (target == NULL && lstat(path, &st) != 0)
        rc = 1;
    else if (target == NULL || !is_ours(target))
        rc = not_ours(path, e);
    else if (unlink(path) != 0)
        rc = err_set_errno(e, ERR_FAILED, LAYER, "cannot remove %s", path);
    free(target);
    free(path);
    return rc;
}
