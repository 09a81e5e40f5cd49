#include "docker/config.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "docker/jsontext.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define LAYER "docker config"
#define KEY "currentContext"
#define SIZE_LIMIT (4u * 1024 * 1024)
#define LINKS_MAX 40 /* as the kernel */
#define EMPTY "{}"

/* What Docker itself writes beside currentContext in a new file. */
#define FRESH "{\n\t\"auths\": {},\n\t\"" KEY "\": %s\n}"

static int from_base(struct err *e)
{
    if (e != NULL)
        snprintf(e->layer, sizeof e->layer, "%s", LAYER);
    return -1;
}

static char *config_path(struct err *e)
{
    char *dir = path_docker_config(e);

    if (dir == NULL) {
        from_base(e);
        return NULL;
    }
    char *path = mem_printf("%s/config.json", dir);
    free(dir);
    return path;
}

/* To Docker, white space and "null" are a file without keys. */
static bool is_blank(const char *text)
{
    text += strspn(text, " \t\r\n");
    if (strncmp(text, "null", 4) == 0)
        text += 4;
    return text[strspn(text, " \t\r\n")] == '\0';
}

static int parse(const char *path, const char *text, struct jsontext *j, struct err *e)
{
    const char *why;
    size_t line;

    if (jsontext_parse(j, text, &line, &why) == 0)
        return 0;
    err_set(e, ERR_FAILED, LAYER, "%s does not parse, line %zu: %s", path, line, why);
    return err_hint(e, "correct it by hand; Docker ignores a file that does not parse, and overwrites it");
}

/* The text, "{}" when there is none, and where its members are. */
static int load(const char *path, char **text, struct jsontext *j, struct err *e)
{
    size_t len;
    int rc = file_read(path, FILE_ANY, SIZE_LIMIT, text, &len, e);

    if (rc < 0)
        return from_base(e);
    if (rc == 1) {
        *text = mem_strdup(EMPTY);
    } else if (is_blank(*text)) {
        free(*text);
        *text = mem_strdup(EMPTY);
    }
    if (parse(path, *text, j, e) != 0) {
        free(*text);
        return -1;
    }
    return 0;
}

/* Go's decoder takes a key in any case, and so does Docker. */
static bool is_current(const char *text, const struct jsontext_member *m)
{
    char *key = jsontext_string(text, m->key, m->key_end);
    bool is = key != NULL && strcasecmp(key, KEY) == 0;

    free(key);
    return is;
}

static bool is_null(const char *text, const struct jsontext_member *m)
{
    return text[m->value] == 'n'; /* the text is known to parse */
}

/* The last one counts, as for Docker; null does not. *name is NULL for
 * Docker's default. */
static int find_current(const char *path, const char *text, const struct jsontext *j, char **name,
                        struct err *e)
{
    *name = NULL;
    for (size_t i = 0; i < j->count; i++) {
        const struct jsontext_member *m = &j->members[i];
        if (!is_current(text, m) || is_null(text, m))
            continue;
        free(*name);
        *name = jsontext_string(text, m->value, m->value_end);
        if (*name == NULL) {
            err_set(e, ERR_FAILED, LAYER, "\"%s\" in %s is not the name of a context", KEY, path);
            return err_hint(e, "take the key out of the file, or give it a string");
        }
    }
    if (*name != NULL && (**name == '\0' || strcmp(*name, "default") == 0)) {
        free(*name);
        *name = NULL;
    }
    return 0;
}

int config_current(char **name, struct err *e)
{
    struct jsontext j;
    char *text;
    int rc = -1;

    *name = NULL;
    char *path = config_path(e);
    if (path == NULL)
        return -1;
    if (load(path, &text, &j, e) == 0) {
        rc = find_current(path, text, &j, name, e);
        jsontext_clear(&j);
        free(text);
    }
    free(path);
    return rc;
}

/* ---- editing the text ------------------------------------------------- */

/* Docker writes its keys in an order of its own; these come after ours. */
static bool comes_after(const char *text, const struct jsontext_member *m)
{
    static const char *const later[] = { "cliPluginsExtraDirs", "plugins", "aliases", "features" };
    char *key = jsontext_string(text, m->key, m->key_end);
    bool is = false;

    for (size_t i = 0; key != NULL && i < sizeof later / sizeof *later; i++)
        is = is || strcmp(key, later[i]) == 0;
    free(key);
    return is;
}

/* Adds the key where Docker would. */
static char *add(const char *text, const struct jsontext *j, const char *value)
{
    size_t at = 0;

    if (j->count == 0)
        return mem_printf(FRESH, value);
    while (at < j->count && !comes_after(text, &j->members[at]))
        at++;
    return jsontext_insert(text, j, at, "\"" KEY "\"", value);
}

/* The text with exactly one currentContext of this value (a token), or with
 * none when value is NULL. Whatever precedes or follows it keeps its bytes. */
static int edit(const char *path, const char *text, const char *value, char **result, struct err *e)
{
    char *now = mem_strdup(text);

    for (;;) {
        struct jsontext j;
        size_t seen = 0, last = 0;
        char *next;

        if (parse(path, now, &j, e) != 0) {
            free(now);
            return -1;
        }
        for (size_t i = 0; i < j.count; i++) {
            if (is_current(now, &j.members[i])) {
                seen++;
                last = i;
            }
        }
        bool again = seen > 1; /* one duplicate less, and look again */
        if (again || (seen == 1 && value == NULL))
            next = jsontext_cut(now, &j, last);
        else if (seen == 1)
            next = jsontext_overwrite(now, &j, last, "\"" KEY "\"", value);
        else
            next = value != NULL ? add(now, &j, value) : mem_strdup(now);
        jsontext_clear(&j);
        free(now);
        now = next;
        if (!again)
            break;
    }
    *result = now;
    return 0;
}

/* ---- writing the file ------------------------------------------------- */

/* Where path leads through symbolic links, the last of which may dangle. */
static char *follow(const char *path, struct err *e)
{
    char *now = mem_strdup(path);
    char target[PATH_MAX];

    for (int i = 0; i < LINKS_MAX; i++) {
        ssize_t n = readlink(now, target, sizeof target - 1);
        if (n < 0)
            return now; /* no link, or nothing there yet */
        target[n] = '\0';
        char *next = target[0] == '/' ? mem_strdup(target)
                                      : mem_printf("%.*s%s", (int)(strrchr(now, '/') + 1 - now), now, target);
        free(now);
        now = next;
    }
    free(now);
    errno = ELOOP;
    err_set_errno(e, ERR_FAILED, LAYER, "cannot follow %s", path);
    return NULL;
}

/* Owner, group and mode of the file that is replaced: it holds credentials,
 * and under sudo it is somebody else's. Where the group cannot be kept, the
 * new one gets nothing. */
static int copy_access(int fd, const struct stat *old)
{
    mode_t mode = old->st_mode & 0777;

    if (fchown(fd, old->st_uid, old->st_gid) != 0 && fchown(fd, (uid_t)-1, old->st_gid) != 0)
        mode &= ~(mode_t)S_IRWXG;
    return fchmod(fd, mode);
}

/* As file_write(), but the new file gets the access of the old one. */
static int replace(const char *path, const char *text, struct err *e)
{
    struct stat old;
    int rc = -1;
    char *dir = mem_printf("%.*s", (int)(strrchr(path, '/') + 1 - path), path);
    char *tmp = mem_printf("%s.docktether-XXXXXX", dir);

    int fd = mkostemp(tmp, O_CLOEXEC);
    if (fd < 0) {
        err_set_errno(e, ERR_FAILED, LAYER, "cannot create a file in %s", dir);
        err_hint(e, "Docker's own files lie there; `docker context use` needs to write them too");
        goto out;
    }
    FILE *f = fdopen(fd, "w");
    if (f == NULL) {
        close(fd);
        errno = ENOMEM;
    }
    bool ok = f != NULL && (stat(path, &old) != 0 || copy_access(fd, &old) == 0) && fputs(text, f) >= 0 &&
              fflush(f) == 0 && fsync(fd) == 0 && rename(tmp, path) == 0;
    if (!ok) {
        err_set_errno(e, ERR_FAILED, LAYER, "cannot write %s", path);
        unlink(tmp);
    }
    if (f != NULL)
        fclose(f);
    rc = ok ? 0 : -1;
out:
    free(tmp);
    free(dir);
    return rc;
}

static int save(const char *path, const char *text, struct err *e)
{
    char *dir = path_docker_config(e);
    if (dir == NULL || file_mkdirs(dir, 0700, e) != 0) {
        free(dir);
        return from_base(e);
    }
    free(dir);

    char *target = follow(path, e);
    if (target == NULL)
        return -1;
    int rc = replace(target, text, e);
    free(target);
    return rc;
}

int config_set_current(const char *name, struct err *e)
{
    char *text = NULL, *edited = NULL, *before = NULL, *value = NULL;
    struct jsontext j = { 0 };
    int rc = -1;
    bool set = name != NULL && strcmp(name, "default") != 0;

    char *path = config_path(e);
    if (path == NULL || load(path, &text, &j, e) != 0) {
        free(path);
        return -1;
    }
    /* A value that is no name at all is reported, not overwritten. */
    if (find_current(path, text, &j, &before, e) != 0)
        goto out;
    if (set && (value = jsontext_quote(name)) == NULL) {
        err_set(e, ERR_FAILED, LAYER, "\"%s\" cannot be the name of a context", name);
        goto out;
    }
    if (edit(path, text, value, &edited, e) != 0)
        goto out;
    rc = strcmp(text, edited) == 0 ? 0 : save(path, edited, e);
out:
    free(edited);
    free(value);
    free(before);
    jsontext_clear(&j);
    free(text);
    free(path);
    return rc;
}

int config_effective(enum config_source *source, char **value, struct err *e)
{
    const char *host = getenv("DOCKER_HOST");
    const char *context = getenv("DOCKER_CONTEXT");

    if (host != NULL && *host != '\0') {
        *source = CONFIG_SOURCE_HOST_ENV;
        *value = mem_strdup(host);
        return 0;
    }
    if (context != NULL && *context != '\0') {
        *source = CONFIG_SOURCE_CONTEXT_ENV;
        *value = mem_strdup(context);
        return 0;
    }
    if (config_current(value, e) != 0)
        return -1;
    *source = *value != NULL ? CONFIG_SOURCE_CONFIG : CONFIG_SOURCE_DEFAULT;
    if (*value == NULL)
        *value = mem_strdup("default");
    return 0;
}
