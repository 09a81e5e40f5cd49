#include "docker/jsonobject.h"

#include "base/mem.h"
#include "docker/jsontext.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void read_object(struct jsontext *j, const char *text)
{
    const char *why;
    size_t line;

    if (jsontext_parse(j, text, &line, &why) != 0)
        *j = (struct jsontext){ 0 };
}

static bool is_key(const char *text, const struct jsontext_member *m, const char *key, bool any_case)
{
    char *one = jsontext_string(text, m->key, m->key_end);
    bool is = one != NULL && (any_case ? strcasecmp(one, key) : strcmp(one, key)) == 0;

    free(one);
    return is;
}

static char *value_of(const char *text, const struct jsontext_member *m)
{
    return mem_printf("%.*s", (int)(m->value_end - m->value), text + m->value);
}

/* ---- layout ---------------------------------------------------------------- */

void jsonobject_layout_read(struct jsonobject_layout *l, const char *text)
{
    struct jsontext j;

    read_object(&j, text);
    if (j.count == 0) {
        *l = (struct jsonobject_layout){ mem_strdup("\n"), mem_strdup("\t"), mem_strdup(": ") };
    } else {
        const struct jsontext_member *first = &j.members[0];
        char *lead = mem_printf("%.*s", (int)(first->key - j.open - 1), text + j.open + 1);
        const char *end = strrchr(lead, '\n');
        l->line = mem_printf("%.*s", end != NULL ? (int)(end + 1 - lead) : 0, lead);
        l->unit = mem_strdup(end != NULL ? end + 1 : "");
        l->colon = mem_printf("%.*s", (int)(first->value - first->key_end), text + first->key_end);
        free(lead);
    }
    jsontext_clear(&j);
}

void jsonobject_layout_clear(struct jsonobject_layout *l)
{
    free(l->line);
    free(l->unit);
    free(l->colon);
}

static char *indentation(const struct jsonobject_layout *l, int depth)
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
static char *object_of(const struct jsonobject_layout *l, int depth, const char *key, const char *value)
{
    char *inner = indentation(l, depth), *outer = indentation(l, depth - 1);
    char *object = mem_printf("{%s\"%s\"%s%s%s}", inner, key, l->colon, value, outer);

    free(inner);
    free(outer);
    return object;
}

/* ---- one object ------------------------------------------------------------ */

bool jsonobject_is_empty(const char *object)
{
    struct jsontext j;

    read_object(&j, object);
    bool empty = j.count == 0;
    jsontext_clear(&j);
    return empty;
}

char *jsonobject_get(const char *object, const char *key, bool any_case)
{
    struct jsontext j;
    char *value = NULL;

    if (object == NULL)
        return NULL;
    read_object(&j, object);
    for (size_t i = j.count; i-- > 0;) {
        if (!is_key(object, &j.members[i], key, any_case))
            continue;
        if (object[j.members[i].value] != 'n')
            value = value_of(object, &j.members[i]);
        break;
    }
    jsontext_clear(&j);
    return value;
}

char *jsonobject_string(const char *object, const char *key)
{
    char *token = jsonobject_get(object, key, false);
    char *s = token != NULL ? jsontext_string(token, 0, strlen(token)) : NULL;

    free(token);
    return s;
}

/* The text with another value of member i, whose key stays as it is written. */
static char *with_value(const char *text, const struct jsontext *j, size_t i, const char *value)
{
    const struct jsontext_member *m = &j->members[i];

    return mem_printf("%.*s%s%s", (int)m->value, text, value, text + m->value_end);
}

/* Without the members of that key, or without all but the last of them. */
static char *without(const char *text, const char *key, bool any_case, bool but_last)
{
    struct jsontext j;

    read_object(&j, text);
    bool *drop = mem_alloc(j.count * sizeof *drop);
    for (size_t i = j.count; i-- > 0;) {
        bool is = is_key(text, &j.members[i], key, any_case);
        drop[i] = is && !but_last;
        but_last = but_last && !is;
    }
    char *next = jsontext_drop(text, &j, drop);
    free(drop);
    jsontext_clear(&j);
    return next;
}

char *jsonobject_put(char *object, const struct jsonobject_layout *l, int depth, const char *key,
                     bool any_case, const char *value)
{
    char *single = without(object, key, any_case, value != NULL), *next = NULL;
    struct jsontext j;

    free(object);
    if (value == NULL)
        return single;
    read_object(&j, single);
    for (size_t i = 0; next == NULL && i < j.count; i++)
        if (is_key(single, &j.members[i], key, any_case))
            next = with_value(single, &j, i, value);
    if (next == NULL && j.count > 0) {
        char *quoted = mem_printf("\"%s\"", key);
        next = jsontext_insert(single, &j, j.count, quoted, value);
        free(quoted);
    } else if (next == NULL) {
        next = object_of(l, depth, key, value);
    }
    jsontext_clear(&j);
    free(single);
    return next;
}

char *jsonobject_put_string(char *object, const struct jsonobject_layout *l, int depth, const char *key,
                            const char *value)
{
    char *token = value != NULL ? jsontext_quote(value) : NULL;
    char *next = jsonobject_put(object, l, depth, key, false, token);

    free(token);
    return next;
}

/* ---- an object in an object ------------------------------------------------ */

bool jsonobject_has_objects(const char *text, const char *outer)
{
    struct jsontext j;
    bool good = true;

    read_object(&j, text);
    for (size_t i = 0; i < j.count; i++)
        if (is_key(text, &j.members[i], outer, true))
            good = good && strchr("{n", text[j.members[i].value]) != NULL;
    jsontext_clear(&j);
    return good;
}

static bool has_key(const char *object, const char *key)
{
    char *rest = without(object, key, false, false);
    bool has = strcmp(rest, object) != 0;

    free(rest);
    return has;
}

char *jsonobject_get_inner(const char *text, const char *outer, const char *inner)
{
    struct jsontext j;
    char *found = NULL;

    read_object(&j, text);
    for (size_t i = 0; i < j.count; i++) {
        if (!is_key(text, &j.members[i], outer, true))
            continue;
        char *object = value_of(text, &j.members[i]);
        if (object[0] == 'n' || has_key(object, inner)) {
            free(found);
            found = object[0] == 'n' ? NULL : jsonobject_get(object, inner, false);
        }
        free(object);
    }
    jsontext_clear(&j);
    return found;
}

/* Takes inner out of every object under outer, and drops those that are empty then. */
static char *take_out(char *text, const struct jsonobject_layout *l, const char *outer, const char *inner,
                      bool keep_empty)
{
    struct jsontext j;

    read_object(&j, text);
    bool *drop = mem_alloc(j.count * sizeof *drop);
    /* From the end, so that the places of the members that are still to come stay. */
    for (size_t i = j.count; i-- > 0;) {
        if (!is_key(text, &j.members[i], outer, true) || text[j.members[i].value] != '{')
            continue;
        char *object = value_of(text, &j.members[i]);
        if (has_key(object, inner)) {
            object = jsonobject_put(object, l, 2, inner, false, NULL);
            drop[i] = !keep_empty && jsonobject_is_empty(object);
            char *next = with_value(text, &j, i, object);
            free(text);
            text = next;
        }
        free(object);
    }
    jsontext_clear(&j);
    read_object(&j, text);
    char *result = jsontext_drop(text, &j, drop);
    jsontext_clear(&j);
    free(drop);
    free(text);
    return result;
}

char *jsonobject_put_inner(char *text, const struct jsonobject_layout *l, const char *outer,
                           const char *inner, const char *value, bool keep_empty)
{
    char *next = NULL;
    struct jsontext j;
    size_t at;

    if (value == NULL)
        return take_out(text, l, outer, inner, keep_empty);
    read_object(&j, text);
    for (at = j.count; at-- > 0;)
        if (is_key(text, &j.members[at], outer, true))
            break;
    if (at < j.count) {
        /* In place of a null comes an object. */
        char *object = text[j.members[at].value] == 'n' ? mem_strdup("{}") : value_of(text, &j.members[at]);
        object = jsonobject_put(object, l, 2, inner, false, value);
        next = with_value(text, &j, at, object);
        free(object);
        free(text);
    } else {
        char *object = object_of(l, 2, inner, value);
        next = jsonobject_put(text, l, 1, outer, true, object);
        free(object);
    }
    jsontext_clear(&j);
    return next;
}
