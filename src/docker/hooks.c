#include "docker/hooks.h"

#include "base/mem.h"
#include "docker/configfile.h"
#include "docker/jsonobject.h"
#include "docker/jsontext.h"
#include "docker/plugin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALWAYS "hooks"
#define ON_ERROR "error-hooks"
/* The former value of features.hooks, "" for none. */
#define BEFORE "features-hooks-before"
/* The objects that were there before and empty, with commas: disable() leaves them. */
#define EMPTY "empty-before"

/* Every command of the CLI that speaks to an engine; the first word is enough. */
#define COMMANDS                                                                                         \
    "attach,build,builder,buildx,commit,compose,config,container,cp,create,diff,events,exec,export,"     \
    "history,image,images,import,info,inspect,kill,load,logs,network,node,pause,plugin,port,ps,pull,"    \
    "push,rename,restart,rm,rmi,run,save,search,secret,service,stack,start,stats,stop,swarm,system,tag," \
    "top,unpause,update,version,volume,wait"

struct parts {
    struct jsonobject_layout layout;
    char *text;
    char *ours; /* our plugin's entry, an object; never NULL */
    bool has_entry;
    char *feature; /* features.hooks; NULL: none */
};

static void parts_clear(struct parts *p)
{
    jsonobject_layout_clear(&p->layout);
    free(p->text);
    free(p->ours);
    free(p->feature);
}

static int refuse(const struct configfile *f, const char *what, struct err *e)
{
    err_set(e, ERR_FAILED, CONFIGFILE_LAYER, "%s in %s", what, f->path);
    err_fix_file(e, ERR_EDITOR, f->path);
    return err_hint(e, "correct it by hand; Docker does not take such a file either");
}

static int parts_read(struct parts *p, const struct configfile *f, struct err *e)
{
    if (!jsonobject_has_objects(f->text, "plugins") || !jsonobject_has_objects(f->text, "features"))
        return refuse(f, "\"plugins\" or \"features\" is not an object", e);
    char *ours = jsonobject_get_inner(f->text, "plugins", PLUGIN_NAME);
    char *feature = jsonobject_get_inner(f->text, "features", "hooks");
    int rc = 0;
    if (ours != NULL && ours[0] != '{')
        rc = refuse(f, "\"" PLUGIN_NAME "\" in \"plugins\" is not an object", e);
    else if (feature != NULL && feature[0] != '"')
        rc = refuse(f, "\"hooks\" in \"features\" is not a string", e);
    if (rc == 0) {
        jsonobject_layout_read(&p->layout, f->text);
        p->text = mem_strdup(f->text);
        p->has_entry = ours != NULL;
        p->ours = ours != NULL ? mem_strdup(ours) : mem_strdup("{}");
        p->feature = feature != NULL ? jsontext_string(feature, 0, strlen(feature)) : NULL;
    }
    free(ours);
    free(feature);
    return rc;
}

static bool has_hooks(const char *plugin)
{
    char *always = jsonobject_get(plugin, ALWAYS, false), *on_error = jsonobject_get(plugin, ON_ERROR, false);
    bool has = always != NULL || on_error != NULL;

    free(always);
    free(on_error);
    return has;
}

static bool others_have_hooks(const char *text)
{
    char *plugins = jsonobject_get(text, "plugins", true);
    struct jsontext j = { 0 };
    const char *why;
    size_t line;
    bool found = false;

    if (plugins != NULL && jsontext_parse(&j, plugins, &line, &why) == 0) {
        for (size_t i = 0; i < j.count; i++) {
            const struct jsontext_member *m = &j.members[i];
            char *name = jsontext_string(plugins, m->key, m->key_end);
            char *value = mem_printf("%.*s", (int)(m->value_end - m->value), plugins + m->value);
            if (name != NULL && strcmp(name, PLUGIN_NAME) != 0 && value[0] == '{')
                found = found || has_hooks(value);
            free(value);
            free(name);
        }
        jsontext_clear(&j);
    }
    free(plugins);
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

/* ---- setting it ------------------------------------------------------------ */

static void put_ours(struct parts *p, const char *key, const char *value)
{
    p->ours = jsonobject_put_string(p->ours, &p->layout, 3, key, value);
}

static bool is_empty_object(const char *text, const char *key)
{
    char *object = jsonobject_get(text, key, true);
    bool empty = object != NULL && jsonobject_is_empty(object);

    free(object);
    return empty;
}

/* Notes the empty objects that disable() would otherwise remove. */
static void note_empty(struct parts *p, bool entry)
{
    bool plugins = is_empty_object(p->text, "plugins"), features = is_empty_object(p->text, "features");

    if (!plugins && !features && !entry)
        return;
    char *list = mem_printf("%s%s%s", plugins ? "plugins," : "", features ? "features," : "",
                            entry ? PLUGIN_NAME "," : "");
    put_ours(p, EMPTY, list);
    free(list);
}

static void enable(struct parts *p, enum hooks hooks)
{
    const char *key = hooks == HOOKS_ALWAYS ? ALWAYS : ON_ERROR;
    const char *other = hooks == HOOKS_ALWAYS ? ON_ERROR : ALWAYS;
    char *before = jsonobject_string(p->ours, BEFORE);
    bool on = is_true(p->feature), empty_entry = p->has_entry && jsonobject_is_empty(p->ours);

    put_ours(p, other, NULL);
    put_ours(p, key, COMMANDS);
    if (!on && before == NULL)
        put_ours(p, BEFORE, p->feature != NULL ? p->feature : "");
    note_empty(p, empty_entry);
    p->text = jsonobject_put_inner(p->text, &p->layout, "plugins", PLUGIN_NAME, p->ours, true);
    if (!on)
        p->text = jsonobject_put_inner(p->text, &p->layout, "features", "hooks", "\"true\"", true);
    free(before);
}

static bool was_empty(const char *list, const char *object)
{
    return list != NULL && strstr(list, object) != NULL;
}

static void disable(struct parts *p)
{
    char *before = jsonobject_string(p->ours, BEFORE), *empty = jsonobject_string(p->ours, EMPTY);

    put_ours(p, ALWAYS, NULL);
    put_ours(p, ON_ERROR, NULL);
    put_ours(p, BEFORE, NULL);
    put_ours(p, EMPTY, NULL);
    bool keep = !jsonobject_is_empty(p->ours) || was_empty(empty, PLUGIN_NAME);
    p->text = jsonobject_put_inner(p->text, &p->layout, "plugins", PLUGIN_NAME, keep ? p->ours : NULL,
                                   was_empty(empty, "plugins"));
    /* A "false" had switched off the hooks of others too. Where there was nothing before,
     * others that have come since need ours. */
    if (before != NULL && (*before != '\0' || !others_have_hooks(p->text))) {
        char *token = *before != '\0' ? jsontext_quote(before) : NULL;
        p->text = jsonobject_put_inner(p->text, &p->layout, "features", "hooks", token,
                                       was_empty(empty, "features"));
        free(token);
    }
    free(empty);
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
        char *on_error = jsonobject_get(p.ours, ON_ERROR, false);
        *hooks = on_error != NULL ? HOOKS_ON_ERROR : has_hooks(p.ours) ? HOOKS_ALWAYS : HOOKS_OFF;
        if (effective != NULL)
            *effective = is_true(p.feature);
        free(on_error);
        parts_clear(&p);
    }
    configfile_clear(&f);
    return rc;
}

static int edit(const struct configfile *f, void *user, char **text, struct err *e)
{
    const enum hooks *hooks = user;
    struct jsontext j;
    struct parts p;

    if (parts_read(&p, f, e) != 0)
        return -1;
    if (*hooks != HOOKS_OFF)
        enable(&p, *hooks);
    else if (!jsonobject_is_empty(p.ours))
        disable(&p);
    /* A text that Docker could not read is never written. */
    int rc = configfile_parse(f, p.text, &j, e);
    if (rc == 0) {
        jsontext_clear(&j);
        *text = p.text;
        p.text = NULL;
    }
    parts_clear(&p);
    return rc;
}

int hooks_set(enum hooks hooks, struct err *e)
{
    return configfile_change(edit, &hooks, e);
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
