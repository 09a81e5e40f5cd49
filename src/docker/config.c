#include "docker/config.h"

#include "base/mem.h"
#include "docker/configfile.h"
#include "docker/jsontext.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LAYER CONFIGFILE_LAYER
#define KEY "currentContext"

/* Docker itself writes "auths" beside currentContext into a new file. */
#define FRESH "{\n\t\"auths\": {},\n\t\"" KEY "\": %s\n}"

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
            return err_hint(e, "remove the key from the file, or make its value a string");
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
    struct configfile f;
    struct jsontext j;
    int rc = -1;

    *name = NULL;
    if (configfile_load(&f, e) != 0)
        return -1;
    if (configfile_parse(&f, f.text, &j, e) == 0) {
        rc = find_current(f.path, f.text, &j, name, e);
        jsontext_clear(&j);
    }
    configfile_clear(&f);
    return rc;
}

/* ---- proxies ---------------------------------------------------------- */

static void add_keys(struct strv *hosts, const char *text)
{
    struct jsontext j;
    const char *why;
    size_t line;

    if (jsontext_parse(&j, text, &line, &why) != 0)
        return; /* not an object: Docker reports that itself */
    for (size_t i = 0; i < j.count; i++) {
        char *key = jsontext_string(text, j.members[i].key, j.members[i].key_end);
        if (key != NULL)
            strv_add(hosts, key);
        free(key);
    }
    jsontext_clear(&j);
}

int config_proxies(struct strv *hosts, char **path, struct err *e)
{
    struct configfile f;
    struct jsontext j;

    if (configfile_load(&f, e) != 0)
        return -1;
    if (configfile_parse(&f, f.text, &j, e) != 0) {
        configfile_clear(&f);
        return -1;
    }
    for (size_t i = 0; i < j.count; i++) {
        const struct jsontext_member *m = &j.members[i];
        char *key = jsontext_string(f.text, m->key, m->key_end);
        if (key != NULL && strcasecmp(key, "proxies") == 0) {
            char *value = mem_printf("%.*s", (int)(m->value_end - m->value), f.text + m->value);
            add_keys(hosts, value);
            free(value);
        }
        free(key);
    }
    jsontext_clear(&j);
    if (path != NULL)
        *path = mem_strdup(f.path);
    configfile_clear(&f);
    return 0;
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

/* The text with at most one currentContext, the first: the others keep no meaning when that
 * one is changed, or taken out. *at is its index, or the number of members. */
static int single(const struct configfile *f, char **text, struct jsontext *j, size_t *at, struct err *e)
{
    size_t seen = 0;

    if (configfile_parse(f, f->text, j, e) != 0)
        return -1;
    bool *drop = mem_alloc(j->count * sizeof *drop);
    *at = j->count;
    for (size_t i = 0; i < j->count; i++) {
        drop[i] = is_current(f->text, &j->members[i]) && seen++ > 0;
        if (*at == j->count && seen == 1)
            *at = i;
    }
    *text = jsontext_drop(f->text, j, drop);
    free(drop);
    jsontext_clear(j);
    if (configfile_parse(f, *text, j, e) != 0) {
        free(*text);
        return -1;
    }
    if (seen == 0)
        *at = j->count;
    return 0;
}

/* The text with exactly one currentContext of this value (a token), or with
 * none when value is NULL. Everything before and after it keeps its bytes. */
static int edit(const struct configfile *f, const char *value, char **result, struct err *e)
{
    struct jsontext j;
    char *text;
    size_t at;

    if (single(f, &text, &j, &at, e) != 0)
        return -1;
    if (at < j.count)
        *result = value != NULL ? jsontext_overwrite(text, &j, at, "\"" KEY "\"", value)
                                : jsontext_cut(text, &j, at);
    else
        *result = value != NULL ? add(text, &j, value) : mem_strdup(text);
    jsontext_clear(&j);
    free(text);
    return 0;
}

struct switching {
    const char *name; /* NULL: Docker's default */
    const char *from; /* only when this one is current; NULL: from any */
    bool done;
};

/* A value that is no name at all is reported, not overwritten. */
static int make_current(const struct configfile *f, void *user, char **text, struct err *e)
{
    struct switching *s = user;
    char *before = NULL, *value = NULL;
    struct jsontext j;
    int rc = -1;

    if (configfile_parse(f, f->text, &j, e) != 0)
        return -1;
    int found = find_current(f->path, f->text, &j, &before, e);
    jsontext_clear(&j);
    s->done = found == 0 && (s->from == NULL || (before != NULL && strcmp(before, s->from) == 0));
    if (found == 0 && !s->done) {
        *text = mem_strdup(f->text);
        rc = 0;
    } else if (found == 0 && s->name != NULL && (value = jsontext_quote(s->name)) == NULL) {
        err_set(e, ERR_FAILED, LAYER, "\"%s\" cannot be the name of a context", s->name);
    } else if (found == 0) {
        rc = edit(f, value, text, e);
    }
    free(value);
    free(before);
    return rc;
}

int config_set_current(const char *name, struct err *e)
{
    struct switching s = { .name = name != NULL && strcmp(name, "default") != 0 ? name : NULL };

    return configfile_change(make_current, &s, e);
}

int config_leave(const char *name, bool *left, struct err *e)
{
    struct switching s = { .from = name };
    int rc = configfile_change(make_current, &s, e);

    *left = rc == 0 && s.done;
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
