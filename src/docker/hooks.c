#include "docker/hooks.h"

#include "base/mem.h"
#include "docker/configfile.h"
#include "docker/jsontext.h"
#include "docker/plugin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ALWAYS "hooks"
#define ON_ERROR "error-hooks"
/* What features.hooks was before us: its value, "" for none. */
#define BEFORE "features-hooks-before"

/* Every command of the CLI that speaks to an engine; the first word is enough. */
#define COMMANDS                                                                                         \
    "attach,build,builder,buildx,commit,compose,config,container,cp,create,diff,events,exec,export,"     \
    "history,image,images,import,info,inspect,kill,load,logs,network,node,pause,plugin,port,ps,pull,"    \
    "push,rename,restart,rm,rmi,run,save,search,secret,service,stack,start,stats,stop,swarm,system,tag," \
    "top,unpause,update,version,volume,wait"

/* How the text is laid out, so that what is added looks like the rest. */
struct layout {
    char *line; /* a line's end, or "" where all stands on one line */
    char *unit; /* an indentation */
    char *colon;
};

static void layout_read(struct layout *l, const char *text, const struct jsontext *j)
{
    if (j->count == 0) {
        *l = (struct layout){ mem_strdup("\n"), mem_strdup("\t"), mem_strdup(": ") };
        return;
    }
    const struct jsontext_member *first = &j->members[0];
    char *lead = mem_printf("%.*s", (int)(first->key - j->open - 1), text + j->open + 1);
    const char *end = strrchr(lead, '\n');
    int line_len = end != NULL ? (int)(end + 1 - lead) : 0;
    l->line = mem_printf("%.*s", line_len, lead);
    l->unit = end != NULL ? mem_strdup(end + 1) : mem_strdup("");
    l->colon = mem_printf("%.*s", (int)(first->value - first->key_end), text + first->key_end);
    free(lead);
}

static void layout_clear(struct layout *l)
{
    free(l->line);
    free(l->unit);
    free(l->colon);
}

static char *indentation(const struct layout *l, int depth)
{
    char *s = mem_strdup(l->line);

    for (int i = 0; i < depth; i++) {
        char *more = mem_printf("%s%s", s, l->unit);
        free(s);
        s = more;
    }
    return s;
}

/* An object with one member, whose key stands at depth. */
static char *object_of(const struct layout *l, int depth, const char *key, const char *value)
{
    char *inner = indentation(l, depth), *outer = indentation(l, depth - 1);
    char *object = mem_printf("{%s\"%s\"%s%s%s}", inner, key, l->colon, value, outer);

    free(inner);
    free(outer);
    return object;
}

/* ---- one object ------------------------------------------------------------ */

/* Objects are read as texts of their own. The whole is known to parse. */
static void read_object(struct jsontext *j, const char *text)
{
    const char *why;
    size_t line;

    if (jsontext_parse(j, text, &line, &why) != 0)
        *j = (struct jsontext){ 0 };
}

/* Go's decoder takes the keys of a structure in any case; those of a map only as
 * they are. The last one counts. */
static bool find(const char *text, const struct jsontext *j, const char *key, bool any_case, size_t *at)
{
    bool found = false;

    for (size_t i = 0; i < j->count; i++) {
        char *one = jsontext_string(text, j->members[i].key, j->members[i].key_end);
        if (one != NULL && (any_case ? strcasecmp(one, key) : strcmp(one, key)) == 0) {
            *at = i;
            found = true;
        }
        free(one);
    }
    return found;
}

static char *value_of(const char *text, const struct jsontext *j, size_t i)
{
    const struct jsontext_member *m = &j->members[i];
    return mem_printf("%.*s", (int)(m->value_end - m->value), text + m->value);
}

/* The value's text, allocated; NULL when there is none, or null. */
static char *get(const char *text, const char *key, bool any_case)
{
    struct jsontext j;
    char *value = NULL;
    size_t at;

    if (text == NULL)
        return NULL;
    read_object(&j, text);
    if (find(text, &j, key, any_case, &at) && text[j.members[at].value] != 'n')
        value = value_of(text, &j, at);
    jsontext_clear(&j);
    return value;
}

/* The string under key in an object, decoded; NULL when it is none. */
static char *get_string(const char *object, const char *key)
{
    char *token = get(object, key, false);
    char *s = token != NULL ? jsontext_string(token, 0, strlen(token)) : NULL;

    free(token);
    return s;
}

/* The object with key set to value (a token), or without key when value is NULL.
 * Frees the old text. */
static char *put(char *text, const struct layout *l, int depth, const char *key, bool any_case,
                 const char *value)
{
    struct jsontext j;
    char *quoted = mem_printf("\"%s\"", key), *next;
    size_t at;

    read_object(&j, text);
    bool there = find(text, &j, key, any_case, &at);
    if (value == NULL)
        next = there ? jsontext_cut(text, &j, at) : mem_strdup(text);
    else if (there)
        next = jsontext_overwrite(text, &j, at, quoted, value);
    else if (j.count > 0)
        next = jsontext_insert(text, &j, j.count, quoted, value);
    else
        next = object_of(l, depth, key, value);
    jsontext_clear(&j);
    free(quoted);
    free(text);
    return next;
}

static char *put_string(char *text, const struct layout *l, int depth, const char *key, const char *value)
{
    char *token = value != NULL ? jsontext_quote(value) : NULL;
    char *next = put(text, l, depth, key, false, token);

    free(token);
    return next;
}

static bool is_empty(const char *object)
{
    struct jsontext j;

    read_object(&j, object);
    bool empty = j.count == 0;
    jsontext_clear(&j);
    return empty;
}

/* Puts an edited object back; an empty one takes its key with it. Frees both. */
static char *put_object(char *text, const struct layout *l, int depth, const char *key, bool any_case,
                        char *object)
{
    char *next = put(text, l, depth, key, any_case, is_empty(object) ? NULL : object);

    free(object);
    return next;
}

/* ---- the entry ------------------------------------------------------------- */

struct parts {
    struct layout layout;
    char *plugins, *ours, *features; /* objects as texts, never NULL */
};

static char *object_or_empty(const char *text, const char *key, bool any_case, bool *wrong)
{
    char *value = get(text, key, any_case);

    if (value != NULL && value[0] == '{')
        return value;
    *wrong = *wrong || value != NULL;
    free(value);
    return mem_strdup("{}");
}

static void parts_clear(struct parts *p)
{
    layout_clear(&p->layout);
    free(p->plugins);
    free(p->ours);
    free(p->features);
}

static int parts_read(struct parts *p, const struct configfile *f, struct err *e)
{
    struct jsontext j;
    bool wrong = false;

    if (configfile_parse(f, f->text, &j, e) != 0)
        return -1;
    layout_read(&p->layout, f->text, &j);
    jsontext_clear(&j);
    p->plugins = object_or_empty(f->text, "plugins", true, &wrong);
    p->features = object_or_empty(f->text, "features", true, &wrong);
    p->ours = object_or_empty(p->plugins, PLUGIN_NAME, false, &wrong);
    if (!wrong)
        return 0;
    parts_clear(p);
    err_set(e, ERR_FAILED, CONFIGFILE_LAYER, "\"plugins\" or \"features\" in %s is no object", f->path);
    return err_hint(e, "correct it by hand; Docker does not take such a file either");
}

static bool has_hooks(const char *plugin)
{
    char *always = get(plugin, ALWAYS, false), *on_error = get(plugin, ON_ERROR, false);
    bool has = always != NULL || on_error != NULL;

    free(always);
    free(on_error);
    return has;
}

static bool others_have_hooks(const char *plugins)
{
    struct jsontext j;
    bool found = false;

    read_object(&j, plugins);
    for (size_t i = 0; i < j.count; i++) {
        char *name = jsontext_string(plugins, j.members[i].key, j.members[i].key_end);
        char *value = value_of(plugins, &j, i);
        if (name != NULL && strcmp(name, PLUGIN_NAME) != 0 && value[0] == '{')
            found = found || has_hooks(value);
        free(value);
        free(name);
    }
    jsontext_clear(&j);
    return found;
}

/* As Go's strconv.ParseBool. */
static bool is_true(const char *s)
{
    static const char *const words[] = { "1", "t", "T", "true", "TRUE", "True" };

    for (size_t i = 0; s != NULL && i < sizeof words / sizeof *words; i++)
        if (strcmp(s, words[i]) == 0)
            return true;
    return false;
}

static void enable(struct parts *p, enum hooks hooks)
{
    const char *key = hooks == HOOKS_ALWAYS ? ALWAYS : ON_ERROR;
    const char *other = hooks == HOOKS_ALWAYS ? ON_ERROR : ALWAYS;
    char *feature = get_string(p->features, "hooks"), *before = get_string(p->ours, BEFORE);

    p->ours = put_string(p->ours, &p->layout, 3, other, NULL);
    p->ours = put_string(p->ours, &p->layout, 3, key, COMMANDS);
    if (!is_true(feature)) {
        if (before == NULL)
            p->ours = put_string(p->ours, &p->layout, 3, BEFORE, feature != NULL ? feature : "");
        p->features = put_string(p->features, &p->layout, 2, "hooks", "true");
    }
    free(feature);
    free(before);
}

static void disable(struct parts *p)
{
    char *before = get_string(p->ours, BEFORE);

    p->ours = put_string(p->ours, &p->layout, 3, ALWAYS, NULL);
    p->ours = put_string(p->ours, &p->layout, 3, ON_ERROR, NULL);
    p->ours = put_string(p->ours, &p->layout, 3, BEFORE, NULL);
    /* Who had said "false" had switched off those of others too. Where nothing was said,
     * others that have come since need ours. */
    if (before != NULL && (*before != '\0' || !others_have_hooks(p->plugins)))
        p->features = put_string(p->features, &p->layout, 2, "hooks", *before != '\0' ? before : NULL);
    free(before);
}

int hooks_get(enum hooks *hooks, bool *effective, struct err *e)
{
    struct configfile f;
    struct parts p;

    if (configfile_load(&f, e) != 0)
        return -1;
    int rc = parts_read(&p, &f, e);
    if (rc == 0) {
        char *on_error = get(p.ours, ON_ERROR, false), *feature = get_string(p.features, "hooks");
        *hooks = on_error != NULL ? HOOKS_ON_ERROR : has_hooks(p.ours) ? HOOKS_ALWAYS : HOOKS_OFF;
        if (effective != NULL)
            *effective = is_true(feature);
        free(on_error);
        free(feature);
        parts_clear(&p);
    }
    configfile_clear(&f);
    return rc;
}

/* The whole text again. Docker's own keys stand before ours in a new file. */
static char *assemble(struct parts *p, const struct configfile *f)
{
    char *text = mem_strdup(f->text);

    if (is_empty(text) && !is_empty(p->ours))
        text = put(text, &p->layout, 1, "auths", true, "{}");
    p->plugins = put_object(p->plugins, &p->layout, 2, PLUGIN_NAME, false, p->ours);
    text = put_object(text, &p->layout, 1, "plugins", true, p->plugins);
    text = put_object(text, &p->layout, 1, "features", true, p->features);
    p->ours = p->plugins = p->features = NULL;
    return text;
}

int hooks_set(enum hooks hooks, struct err *e)
{
    struct configfile f;
    struct jsontext j;
    struct parts p;
    int rc = -1;

    if (configfile_load(&f, e) != 0)
        return -1;
    if (parts_read(&p, &f, e) == 0) {
        bool nothing = hooks == HOOKS_OFF && is_empty(p.ours);
        if (hooks == HOOKS_OFF)
            disable(&p);
        else
            enable(&p, hooks);
        char *text = nothing ? mem_strdup(f.text) : assemble(&p, &f);
        /* A text that Docker could not read is never written. */
        if (configfile_parse(&f, text, &j, e) == 0) {
            jsontext_clear(&j);
            rc = configfile_save(&f, text, e);
        }
        free(text);
        parts_clear(&p);
    }
    configfile_clear(&f);
    return rc;
}

enum hooks hooks_known(const char *version)
{
    unsigned major = 0, minor = 0;

    if (version == NULL || sscanf(version, "%u.%u", &major, &minor) < 1)
        return HOOKS_OFF;
    if (major > 29 || (major == 29 && minor >= 3))
        return HOOKS_ON_ERROR;
    return major > 26 || (major == 26 && minor >= 1) ? HOOKS_ALWAYS : HOOKS_OFF;
}
