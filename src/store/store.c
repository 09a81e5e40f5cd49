#include "store/store.h"

#include "base/digest.h"
#include "base/file.h"
#include "base/path.h"
#include "base/suggest.h"
#include "store/ini.h"
#include "store/name.h"
#include "store/option.h"
#include "store/profile-text.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUFFIX ".ini"
#define NEAR 2 /* edits between a name and the one that was meant */

/* Whatever keeps a profile from being read ends with the same exit code. */
static int as_profile_error(struct err *e)
{
    if (e != NULL) {
        e->code = ERR_PROFILE;
        snprintf(e->layer, sizeof e->layer, "profile");
    }
    return -1;
}

/* The path of something in the directory of docktether's configuration. */
static char *config_path(const char *name, struct err *e)
{
    char *dir = path_config_dir(e);

    if (dir == NULL)
        return NULL;
    char *path = mem_printf("%s/%s", dir, name);
    free(dir);
    return path;
}

char *store_path(const char *name, struct err *e)
{
    if (name_check(name, e) != 0)
        return NULL;
    char *dir = config_path("profiles", e);
    if (dir == NULL)
        return NULL;
    char *path = mem_printf("%s/%s" SUFFIX, dir, name);
    free(dir);
    return path;
}

/* Nobody else may put files where ours are looked for. Returns like
 * file_check_dir(). */
static int check_profiles_dir(struct err *e)
{
    char *dir = config_path("profiles", e);

    if (dir == NULL)
        return as_profile_error(e);
    int rc = file_check_dir(dir, e);
    free(dir);
    return rc < 0 ? as_profile_error(e) : rc;
}

/* Adds to an error about what stands in a file of ours; its hint stays. */
static int by_hand(const char *path, struct err *e)
{
    if (e != NULL && e->hint[0] == '\0')
        err_hint(e, "correct that line; the page docktether(5) describes the file");
    return err_fix_file(e, ERR_EDITOR, path);
}

/* Returns like file_read(). */
static int read_into(struct profile *p, const char *path, bool defaults, struct err *e)
{
    char *text = NULL;
    size_t len;
    int rc = file_read(path, FILE_PRIVATE, INI_FILE_MAX, &text, &len, e);

    if (rc == 0 && profile_text_read(path, text, defaults, p, e) != 0)
        rc = by_hand(path, e);
    free(text);
    return rc < 0 ? as_profile_error(e) : rc;
}

struct profile *store_new_profile(const char *name, struct err *e)
{
    char *path = config_path("docktether.ini", e);

    if (path == NULL) {
        as_profile_error(e);
        return NULL;
    }
    struct profile *p = profile_new(name);
    if (read_into(p, path, true, e) < 0) {
        profile_free(p);
        p = NULL;
    }
    free(path);
    return p;
}

static int not_found(const char *name, struct err *e)
{
    struct strv names = { 0 };
    const char *nearest = NULL;
    unsigned best = NEAR + 1;

    err_set(e, ERR_PROFILE, "profile", "no profile named \"%.200s\"", name);
    err_fix(e, "docktether ls");
    store_list(&names, NULL);
    for (size_t i = 0; i < names.count; i++) {
        unsigned d = suggest_distance(name, names.items[i]);
        if (d < best && d < strlen(names.items[i])) {
            best = d;
            nearest = names.items[i];
        }
    }
    if (nearest != NULL)
        err_hint(e, "did you mean \"%s\"?", nearest);
    else
        err_hint(e, "docktether ls shows the profiles, docktether create makes one");
    strv_clear(&names);
    return -1;
}

/* Puts the file before the message of profile_finish(). */
static int finish(struct profile *p, const char *path, struct err *e)
{
    struct err why = ERR_INIT;

    if (profile_finish(p, &why) == 0)
        return 0;
    err_set(e, ERR_PROFILE, "profile", "%s: %s", path, why.msg);
    if (why.hint[0] != '\0')
        err_hint(e, "%s", why.hint);
    return err_fix_file(e, ERR_EDITOR, path);
}

struct profile *store_load(const char *name, struct err *e)
{
    struct profile *p = NULL;
    char *path = NULL;
    int rc = -1;

    /* A name that cannot be is a profile that is not there. */
    if (name_check(name, NULL) != 0) {
        not_found(name, e);
        return NULL;
    }
    path = store_path(name, e);
    if (path == NULL) {
        as_profile_error(e);
        goto out;
    }
    rc = check_profiles_dir(e);
    if (rc != 0)
        goto out;
    p = store_new_profile(name, e);
    rc = p != NULL ? read_into(p, path, false, e) : -1;
    if (rc == 0)
        rc = finish(p, path, e);
out:
    if (rc > 0)
        not_found(name, e);
    if (rc != 0) {
        profile_free(p);
        p = NULL;
    }
    free(path);
    return p;
}

static bool equal(const struct profile *a, const struct profile *b)
{
    size_t count;
    const struct option *table = option_table(&count);

    for (size_t i = 0; i < count; i++)
        if (!option_is_default(a, &table[i], b))
            return false;
    return true;
}

/* The text of p's file, proved to read back as p. The current user's name is
 * left to the reader where it is what would be filled in. */
static char *render(const struct profile *p, const char *path, struct err *e)
{
    struct profile *whole = profile_copy(p), *base = store_new_profile(p->name, e), *back = NULL;
    char *text = NULL;
    bool good = false;

    if (base == NULL || profile_finish(whole, e) != 0)
        goto out;
    back = profile_copy(base);
    mem_replace(&base->host, whole->host);
    if (profile_finish(base, e) != 0)
        goto out;
    text = profile_text_write(whole, base);
    if (strlen(text) > INI_FILE_MAX)
        err_set(e, ERR_FAILED, "profile", "%s would be larger than %d bytes", path, INI_FILE_MAX);
    else if (profile_text_read(path, text, false, back, e) != 0 || profile_finish(back, e) != 0)
        goto out;
    else if (!equal(whole, back))
        err_set(e, ERR_FAILED, "profile", "%s would not read back as written; nothing is changed", path);
    else
        good = true;
out:
    profile_free(whole);
    profile_free(base);
    profile_free(back);
    if (good)
        return text;
    free(text);
    return NULL;
}

int store_save(const struct profile *p, bool create, struct err *e)
{
    char *path = store_path(p->name, e), *dir = config_path("profiles", NULL), *text = NULL;
    int rc = -1;

    if (path == NULL || dir == NULL)
        goto out;
    text = render(p, path, e);
    if (text == NULL || file_mkdir_private(dir, e) != 0)
        goto out;
    rc = file_write(path, text, strlen(text), 0600, !create, e);
    if (rc != 0 && create && errno == EEXIST) {
        err_set(e, ERR_FAILED, "profile", "there is already a profile named \"%s\"", p->name);
        err_hint(e, "docktether update %s changes it, docktether rm %s removes it", p->name, p->name);
    }
out:
    free(text);
    free(dir);
    free(path);
    return rc;
}

int store_remove(const char *name, struct err *e)
{
    if (!store_exists(name))
        return not_found(name, e);

    char *path = store_path(name, e);
    if (path == NULL)
        return -1;
    int rc = unlink(path);
    if (rc != 0)
        err_set_errno(e, ERR_FAILED, "profile", "cannot remove %s", path);
    free(path);
    return rc;
}

bool store_exists(const char *name)
{
    struct stat st;
    char *path = store_path(name, NULL);
    bool there = path != NULL && lstat(path, &st) == 0;

    free(path);
    return there;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add_profile(struct strv *names, const char *file)
{
    size_t len = strlen(file);
    char name[256 + 1];

    if (len >= sizeof name || len <= strlen(SUFFIX) || strcmp(file + len - strlen(SUFFIX), SUFFIX) != 0)
        return;
    memcpy(name, file, len - strlen(SUFFIX));
    name[len - strlen(SUFFIX)] = '\0';
    if (name_check(name, NULL) == 0)
        strv_add(names, name);
}

int store_list(struct strv *names, struct err *e)
{
    int rc = check_profiles_dir(e);

    if (rc != 0)
        return rc > 0 ? 0 : -1;
    char *path = config_path("profiles", e);
    DIR *dir = path != NULL ? opendir(path) : NULL;
    if (dir == NULL) {
        err_set_errno(e, ERR_PROFILE, "profile", "cannot read %s", path != NULL ? path : "the profiles");
        free(path);
        return -1;
    }
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir))
        add_profile(names, entry->d_name);
    closedir(dir);
    free(path);
    if (names->count > 1)
        qsort(names->items, names->count, sizeof *names->items, by_name);
    return 0;
}

void store_fingerprint(const struct profile *p, char *out)
{
    struct profile *whole = profile_copy(p);
    size_t size, count;
    const struct option *table = option_table(&count);
    char *text = NULL;
    FILE *to = open_memstream(&text, &size);

    if (to == NULL)
        abort();
    profile_finish(whole, NULL);
    for (size_t i = 0; i < count; i++) {
        struct strv values = { 0 };
        if (table[i].cosmetic)
            continue;
        option_get(whole, &table[i], &values);
        for (size_t j = 0; j < values.count; j++)
            fprintf(to, "%s.%s = %s\n", table[i].section, table[i].key, values.items[j]);
        strv_clear(&values);
    }
    if (fclose(to) != 0)
        abort();
    digest_sha256_hex(text, size, out);
    free(text);
    profile_free(whole);
}
