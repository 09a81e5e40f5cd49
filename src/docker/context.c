#include "docker/context.h"

#include "base/digest.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/quote.h"
#include "docker/config.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LAYER "docker context"
#define MARKER "docktether"
#define MARKER_VERSION 1
#define SIZE_LIMIT (1024u * 1024)

static int from_base(struct err *e)
{
    if (e != NULL)
        snprintf(e->layer, sizeof e->layer, "%s", LAYER);
    return -1;
}

/* The directory of the context's metadata. */
static char *meta_dir(const char *name, struct err *e)
{
    char hash[DIGEST_HEX_SIZE];
    char *config = path_docker_config(e);

    if (config == NULL) {
        from_base(e);
        return NULL;
    }
    digest_sha256_hex(name, strlen(name), hash);
    char *dir = mem_printf("%s/contexts/meta/%s", config, hash);
    free(config);
    return dir;
}

static char *meta_path(const char *name, struct err *e)
{
    char *dir = meta_dir(name, e);
    char *path = dir != NULL ? mem_printf("%s/meta.json", dir) : NULL;

    free(dir);
    return path;
}

char *context_aside(const char *path)
{
    char *beside = mem_printf("%s.broken", path), *from = quote_sh(path), *to = quote_sh(beside);
    char *command = mem_printf("mv %s %s", from, to);

    free(to);
    free(from);
    free(beside);
    return command;
}

/* ---- whose is it ------------------------------------------------------ */

#define BROKEN                                                                             \
    "`docker context ls` may fail for every context until it is put aside; the profile's " \
    "own is then written in its place"

static void fix_aside(struct err *e, const char *name, const char *path)
{
    char *aside = context_aside(path);

    err_fix(e, "%s && docktether update %s --set context=yes", aside, name);
    free(aside);
}

/* Docker breaks on a meta.json that does not parse, for every context. */
static json_t *parse(const char *path, const char *text, size_t len, struct err *e)
{
    json_error_t at;
    json_t *meta = json_loadb(text, len, JSON_REJECT_DUPLICATES, &at);

    if (json_is_object(meta))
        return meta;
    if (meta == NULL)
        err_set(e, ERR_FAILED, LAYER, "%s does not parse, line %d: %s", path, at.line, at.text);
    else
        err_set(e, ERR_FAILED, LAYER, "%s is not a JSON object", path);
    err_hint(e, BROKEN);
    json_decref(meta);
    return NULL;
}

static void refuse(const char *name, struct err *e)
{
    err_set(e, ERR_FAILED, LAYER, "Docker has a context \"%s\" that docktether does not own", name);
    err_hint(e,
             "give the profile another name, or keep it out of Docker's contexts with "
             "`--set context=no`, or remove theirs: docker context rm %s",
             name);
}

static enum context_owner judge(const char *name, const char *path, const json_t *meta, struct err *e)
{
    const char *inside = json_string_value(json_object_get(meta, "Name"));

    if (!json_is_object(json_object_get(json_object_get(meta, "Metadata"), MARKER))) {
        refuse(name, e);
        return CONTEXT_FOREIGN;
    }
    if (inside != NULL && strcmp(inside, name) == 0)
        return CONTEXT_OURS;
    /* A copy made by hand: Docker finds it under one name and lists another. */
    err_set(e, ERR_FAILED, LAYER, "%s lies where \"%s\" belongs but is named \"%s\"", path, name,
            inside != NULL ? inside : "");
    err_hint(e, "put it aside, and the profile's own is written in its place");
    fix_aside(e, name, path);
    return CONTEXT_UNREADABLE;
}

/* *meta is set for CONTEXT_OURS alone. */
static enum context_owner look(const char *name, const char *path, json_t **meta, struct err *e)
{
    struct stat st;
    char *text;
    size_t len;

    *meta = NULL;
    if (lstat(path, &st) != 0) {
        if (errno == ENOENT || errno == ENOTDIR)
            return CONTEXT_ABSENT;
        err_set_errno(e, ERR_FAILED, LAYER, "cannot look at %s", path);
        return CONTEXT_UNREADABLE;
    }
    if (S_ISLNK(st.st_mode)) { /* somebody manages that file from elsewhere */
        err_set(e, ERR_FAILED, LAYER, "%s is a symbolic link, docktether writes no such file", path);
        err_hint(e, "keep the profile out of Docker's contexts with `--set context=no`");
        err_fix(e, "docktether update %s --set context=no", name);
        return CONTEXT_UNREADABLE;
    }
    int rc = file_read(path, FILE_ANY, SIZE_LIMIT, &text, &len, e);
    if (rc == 1)
        return CONTEXT_ABSENT;
    if (rc < 0) {
        from_base(e);
        err_hint(e, BROKEN);
        fix_aside(e, name, path);
        return CONTEXT_UNREADABLE;
    }
    json_t *found = parse(path, text, len, e);
    free(text);
    if (found == NULL) {
        fix_aside(e, name, path);
        return CONTEXT_UNREADABLE;
    }

    enum context_owner owner = judge(name, path, found, e);
    if (owner == CONTEXT_OURS)
        *meta = found;
    else
        json_decref(found);
    return owner;
}

enum context_owner context_owner(const char *name, struct err *e)
{
    json_t *meta;
    char *path = meta_path(name, e);

    if (path == NULL)
        return CONTEXT_UNREADABLE;
    enum context_owner owner = look(name, path, &meta, e);
    json_decref(meta);
    free(path);
    return owner;
}

char *context_url(const char *name)
{
    json_t *meta = NULL;
    char *path = meta_path(name, NULL), *url = NULL;

    if (path != NULL && look(name, path, &meta, NULL) == CONTEXT_OURS) {
        const json_t *endpoint = json_object_get(json_object_get(meta, "Endpoints"), "docker");
        url = mem_strdup(json_string_value(json_object_get(endpoint, "Host")));
    }
    json_decref(meta);
    free(path);
    return url;
}

/* ---- writing ---------------------------------------------------------- */

/* The object at key, made when it is absent or something else. Borrowed;
 * NULL without memory. */
static json_t *child(json_t *parent, const char *key)
{
    json_t *object = json_object_get(parent, key);

    if (json_is_object(object))
        return object;
    if (json_object_set_new(parent, key, json_object()) != 0)
        return NULL;
    return json_object_get(parent, key);
}

/* Fills in what is ours to say. The json functions take NULL and return -1. */
static int fill(json_t *meta, const char *name, const char *description, const char *socket)
{
    int rc = json_object_set_new(meta, "Name", json_string(name));
    json_t *metadata = child(meta, "Metadata");
    json_t *endpoint = child(child(meta, "Endpoints"), "docker");

    if (description != NULL && *description != '\0')
        rc |= json_object_set_new(metadata, "Description", json_string(description));
    else
        json_object_del(metadata, "Description");
    rc |= json_object_set_new(child(metadata, MARKER), "version", json_integer(MARKER_VERSION));

    char *host = mem_printf("unix://%s", socket);
    rc |= json_object_set_new(endpoint, "Host", json_string(host));
    free(host);
    rc |= json_object_set_new(endpoint, "SkipTLSVerify", json_false());
    return rc;
}

/* fresh: nobody's context may come to be overwritten, even by a race. */
static int save(const char *name, const json_t *meta, int fresh, struct err *e)
{
    char *dir = meta_dir(name, e);
    if (dir == NULL)
        return -1;
    char *path = mem_printf("%s/meta.json", dir);
    char *text = json_dumps(meta, JSON_COMPACT);
    int rc;

    if (text == NULL)
        rc = err_set(e, ERR_FAILED, LAYER, "no memory to write %s", path);
    else if (file_mkdirs(dir, 0755, e) != 0 || file_write(path, text, strlen(text), 0644, !fresh, e) != 0)
        rc = from_base(e);
    else
        rc = 0;
    free(text);
    free(path);
    free(dir);
    return rc;
}

int context_write(const char *name, const char *description, const char *socket, struct err *e)
{
    json_t *old = NULL, *meta = NULL;
    int rc = -1;

    char *path = meta_path(name, e);
    if (path == NULL)
        return -1;
    enum context_owner owner = look(name, path, &old, e);
    if (owner != CONTEXT_ABSENT && owner != CONTEXT_OURS)
        goto out;
    meta = old != NULL ? json_deep_copy(old) : json_object();
    if (meta == NULL || fill(meta, name, description, socket) != 0) {
        err_set(e, ERR_FAILED, LAYER, "name, description and socket of \"%s\" must be UTF-8", name);
        goto out;
    }
    rc = old != NULL && json_equal(old, meta) ? 0 : save(name, meta, old == NULL, e);
out:
    json_decref(meta);
    json_decref(old);
    free(path);
    return rc;
}

/* ---- removing --------------------------------------------------------- */

static int reset_current(const char *name, struct err *e)
{
    char *current;

    if (config_current(&current, e) != 0)
        return -1;
    int rc = current != NULL && strcmp(current, name) == 0 ? config_set_current(NULL, e) : 0;
    free(current);
    return rc;
}

int context_remove(const char *name, int *removed, struct err *e)
{
    int rc = 0;

    if (removed != NULL)
        *removed = 0;
    char *dir = meta_dir(name, e);
    if (dir == NULL)
        return -1;
    char *path = mem_printf("%s/meta.json", dir);
    if (context_owner(name, NULL) == CONTEXT_OURS) {
        rc = reset_current(name, e);
        if (rc == 0 && unlink(path) != 0 && errno != ENOENT)
            rc = err_set_errno(e, ERR_FAILED, LAYER, "cannot remove %s", path);
        if (rc == 0) {
            rmdir(dir); /* unless somebody keeps more in it */
            if (removed != NULL)
                *removed = 1;
        }
    }
    free(path);
    free(dir);
    return rc;
}
