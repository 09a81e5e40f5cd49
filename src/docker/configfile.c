#include "docker/configfile.h"

#include "base/dirlock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LAYER CONFIGFILE_LAYER
#define SIZE_LIMIT (4u * 1024 * 1024)
#define LINKS_MAX 40 /* as the kernel */
#define EMPTY "{}"
#define LOCK_MS 10000 /* the lock is never held while a person or a network is waited for */
#define TRIES_MAX 100

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

int configfile_parse(const struct configfile *f, const char *text, struct jsontext *j, struct err *e)
{
    const char *why;
    size_t line;

    if (jsontext_parse(j, text, &line, &why) == 0)
        return 0;
    err_set(e, ERR_FAILED, LAYER, "%s does not parse, line %zu: %s", f->path, line, why);
    err_fix_file(e, ERR_EDITOR, f->path);
    return err_hint(
        e, "correct it by hand: docktether use, rm and plugin leave it alone until then, Docker ignores "
           "and overwrites it");
}

static int read_text(struct configfile *f, struct err *e)
{
    size_t len;
    int rc = file_read(f->path, FILE_ANY, SIZE_LIMIT, &f->text, &len, e);

    if (rc < 0)
        return from_base(e);
    if (rc == 1 || is_blank(f->text)) {
        free(f->text);
        f->text = mem_strdup(EMPTY);
    }
    return 0;
}

int configfile_load(struct configfile *f, struct err *e)
{
    struct jsontext j;

    *f = (struct configfile){ .path = config_path(e) };
    if (f->path == NULL)
        return -1;
    if (read_text(f, e) != 0 || configfile_parse(f, f->text, &j, e) != 0) {
        configfile_clear(f);
        return -1;
    }
    jsontext_clear(&j);
    return 0;
}

void configfile_clear(struct configfile *f)
{
    free(f->path);
    free(f->text);
    *f = (struct configfile){ 0 };
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

/* Tells one state of the file from the next. Docker's programs rename a new file into place;
 * an editor may write into the old one. */
struct version {
    char *target; /* where the file really is */
    bool there;
    struct stat st;
};

static bool same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool is_unchanged(void *user)
{
    const struct version *v = user;
    const struct stat *old = &v->st;
    struct stat now;
    bool there = stat(v->target, &now) == 0;

    if (!there || !v->there)
        return there == v->there;
    return now.st_dev == old->st_dev && now.st_ino == old->st_ino && now.st_size == old->st_size &&
           same_time(&now.st_mtim, &old->st_mtim) && same_time(&now.st_ctim, &old->st_ctim);
}

/* 1: the file has changed since v, so that nothing was written. */
static int replace(struct version *v, const char *text, struct err *e)
{
    const struct file_writing how = {
        .mode = 0600, .replace = true, .keep_access = true, .still_wanted = is_unchanged, .user = v
    };
    int rc = file_write_as(v->target, text, strlen(text), &how, e);

    if (rc < 0 && e != NULL && e->hint[0] == '\0')
        err_hint(e, "Docker's own files lie there; `docker context use` needs to write them too");
    return rc < 0 ? from_base(e) : rc;
}

/* Reads, edits and writes once. 1: anew. The version is taken before the text, so that the
 * text is never older than it. */
static int change_once(struct version *v, configfile_edit_fn edit, void *user, struct err *e)
{
    struct configfile f;
    char *text = NULL;

    v->there = stat(v->target, &v->st) == 0;
    if (configfile_load(&f, e) != 0)
        return -1;
    int rc = edit(&f, user, &text, e);
    if (rc == 0 && strcmp(text, f.text) != 0)
        rc = replace(v, text, e);
    free(text);
    configfile_clear(&f);
    return rc;
}

static int change(const char *path, configfile_edit_fn edit, void *user, struct err *e)
{
    struct version v = { .target = follow(path, e) };
    int lock = -1, rc = -1;

    if (v.target == NULL)
        return -1;
    /* Without the directory of a link's target there is nothing to lock, and writing says so. */
    char *dir = mem_printf("%.*s", (int)(strrchr(v.target, '/') + 1 - v.target), v.target);
    if (dirlock_take(dir, LOCK_MS, &lock, e) < 0) {
        from_base(e);
    } else {
        rc = 1;
        for (int i = 0; rc == 1 && i < TRIES_MAX; i++)
            rc = change_once(&v, edit, user, e);
        if (rc == 1)
            rc = err_set(e, ERR_FAILED, LAYER, "%s changes all the time; nothing was written", path);
    }
    dirlock_release(lock);
    free(dir);
    free(v.target);
    return rc;
}

int configfile_change(configfile_edit_fn edit, void *user, struct err *e)
{
    struct configfile f;
    char *text = NULL;
    int rc = -1;

    /* Where nothing is to be written, nothing has to be writable. */
    if (configfile_load(&f, e) != 0)
        return -1;
    if (edit(&f, user, &text, e) != 0 || strcmp(text, f.text) == 0) {
        rc = text != NULL ? 0 : -1;
    } else {
        char *dir = path_docker_config(e);
        rc = dir == NULL || file_mkdirs(dir, 0700, e) != 0 ? from_base(e) : change(f.path, edit, user, e);
        free(dir);
    }
    free(text);
    configfile_clear(&f);
    return rc;
}
