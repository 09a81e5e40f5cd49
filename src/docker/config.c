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

/* What Docker itself writes beside currentContext in a new file. */
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
        return; /* no object: Docker has a word of its own for that */
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

/* The text with exactly one currentContext of this value (a token), or with
 * none when value is NULL. Whatever precedes or follows it keeps its bytes. */
static int edit(const struct configfile *f, const char *value, char **result, struct err *e)
{
    char *now = mem_strdup(f->text);

    for (;;) {
        struct jsontext j;
        size_t seen = 0, last = 0;
        char *next;

        if (configfile_parse(f, now, &j, e) != 0) {
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

int config_set_current(const char *name, struct err *e)
{
    char *edited = NULL, *before = NULL, *value = NULL;
    struct configfile f;
    struct jsontext j = { 0 };
    int rc = -1;
    bool set = name != NULL && strcmp(name, "default") != 0;

    if (configfile_load(&f, e) != 0)
        return -1;
    /* A value that is no name at all is reported, not overwritten. */
    if (configfile_parse(&f, f.text, &j, e) != 0 || find_current(f.path, f.text, &j, &before, e) != 0)
        goto out;
    if (set && (value = jsontext_quote(name)) == NULL) {
        err_set(e, ERR_FAILED, LAYER, "\"%s\" cannot be the name of a context", name);
        goto out;
    }
    if (edit(&f, value, &edited, e) == 0)
        rc = configfile_save(&f, edited, e);
out:
    free(edited);
    free(value);
    free(before);
    jsontext_clear(&j);
    configfile_clear(&f);
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
