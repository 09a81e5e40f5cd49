#include "docker/context-lint.h"

#include "base/digest.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "docker/jsontext.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SIZE_LIMIT (1024u * 1024)
#define COUNT_LIMIT 1000
#define DEPTH_LIMIT 8

void context_lint_clear(struct context_lint *s)
{
    for (size_t i = 0; i < s->count; i++) {
        free(s->faults[i].path);
        free(s->faults[i].why);
    }
    free(s->faults);
    *s = (struct context_lint){ 0 };
}

/* Takes over why. */
static void add(struct context_lint *s, const char *path, bool breaks, char *why)
{
    s->faults = mem_resize(s->faults, s->count + 1, sizeof *s->faults);
    s->faults[s->count++] =
        (struct context_lint_fault){ .path = mem_strdup(path), .why = why, .breaks = breaks };
}

/* ---- one file -------------------------------------------------------------- */

/* Go's decoder ignores a null and an absent key. */
static bool is_or_absent(const json_t *object, const char *key, json_type type)
{
    const json_t *value = json_object_get(object, key);

    if (value == NULL || json_is_null(value))
        return true;
    if (type == JSON_TRUE)
        return json_is_boolean(value);
    return json_typeof(value) == type;
}

/* The types that Docker decodes into; NULL when all are right. */
static const char *misfit(const json_t *meta)
{
    const json_t *endpoints = json_object_get(meta, "Endpoints");
    const json_t *docker = json_object_get(endpoints, "docker");

    if (!is_or_absent(meta, "Name", JSON_STRING))
        return "\"Name\" is not a string";
    if (!is_or_absent(meta, "Metadata", JSON_OBJECT))
        return "\"Metadata\" is not an object";
    if (!is_or_absent(json_object_get(meta, "Metadata"), "Description", JSON_STRING))
        return "\"Description\" is not a string";
    if (!is_or_absent(meta, "Endpoints", JSON_OBJECT))
        return "\"Endpoints\" is not an object";
    if (!is_or_absent(endpoints, "docker", JSON_OBJECT))
        return "its endpoint \"docker\" is not an object";
    if (!is_or_absent(docker, "Host", JSON_STRING))
        return "\"Host\" of its endpoint is not a string";
    if (!is_or_absent(docker, "SkipTLSVerify", JSON_TRUE))
        return "\"SkipTLSVerify\" of its endpoint is neither true nor false";
    return NULL;
}

/* Docker looks for a context where the hash of its name says. */
static void check_place(struct context_lint *s, const char *path, const char *dir, const json_t *meta)
{
    char hash[DIGEST_HEX_SIZE];
    const char *name = json_string_value(json_object_get(meta, "Name"));

    if (name == NULL)
        return;
    digest_sha256_hex(name, strlen(name), hash);
    if (strcmp(hash, dir) != 0)
        add(s, path, false, mem_printf("it is named \"%s\", which belongs in another directory", name));
}

static void check_text(struct context_lint *s, const char *path, const char *dir, const char *text,
                       size_t len)
{
    struct jsontext j;
    const char *why;
    size_t line;

    if (jsontext_parse(&j, text, &line, &why) != 0) {
        add(s, path, true, mem_printf("it does not parse, line %zu: %s", line, why));
        return;
    }
    jsontext_clear(&j);
    /* Docker takes bytes that are not UTF-8, and jansson does not. */
    json_t *meta = json_loadb(text, len, 0, NULL);
    why = meta != NULL ? misfit(meta) : NULL;
    if (why != NULL)
        add(s, path, true, mem_strdup(why));
    else if (meta != NULL)
        check_place(s, path, dir, meta);
    json_decref(meta);
}

static void check_file(struct context_lint *s, const char *path, const char *dir)
{
    struct err e = ERR_INIT;
    char *text;
    size_t len;
    int rc = file_read(path, FILE_ANY, SIZE_LIMIT, &text, &len, &e);

    if (rc == 1)
        return;
    s->contexts++;
    if (rc < 0) {
        add(s, path, true, mem_strdup(e.msg));
        return;
    }
    check_text(s, path, dir, text, len);
    free(text);
}

/* ---- all of them ----------------------------------------------------------- */

/* Docker takes every directory with a meta.json for a context, under any name and at any
 * depth. */
static int walk(struct context_lint *s, const char *dir, int depth, struct err *e)
{
    DIR *handle = opendir(dir);

    if (handle == NULL)
        return errno == ENOENT || errno == ENOTDIR
                   ? 0
                   : err_set_errno(e, ERR_FAILED, "docker context", "cannot read %s", dir);
    for (const struct dirent *d; s->contexts < COUNT_LIMIT && (d = readdir(handle)) != NULL;) {
        if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
            continue;
        struct stat st;
        if (fstatat(dirfd(handle), d->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISDIR(st.st_mode))
            continue;
        char *inner = mem_printf("%s/%s", dir, d->d_name);
        char *path = mem_printf("%s/meta.json", inner);
        struct err why = ERR_INIT;
        check_file(s, path, d->d_name);
        if (depth < DEPTH_LIMIT && walk(s, inner, depth + 1, &why) != 0)
            add(s, inner, true, mem_strdup(why.msg));
        free(path);
        free(inner);
    }
    closedir(handle);
    return 0;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct context_lint_fault *)a)->path, ((const struct context_lint_fault *)b)->path);
}

int context_lint(struct context_lint *s, struct err *e)
{
    *s = (struct context_lint){ 0 };
    char *config = path_docker_config(e);
    if (config == NULL)
        return -1;
    char *dir = mem_printf("%s/contexts/meta", config);
    int rc = walk(s, dir, 0, e);
    if (s->count > 1)
        qsort(s->faults, s->count, sizeof *s->faults, by_path);
    free(dir);
    free(config);
    return rc;
}
