#include "docker/jsontext.h"

#include "base/mem.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 1000 /* Go's decoder stops at 10000; no configuration is nested so deep */

struct scan {
    const char *text;
    const char *p;
    const char *why; /* NULL while all is well */
};

static bool fail(struct scan *s, const char *why)
{
    s->why = why;
    return false;
}

static void skip_space(struct scan *s)
{
    s->p += strspn(s->p, " \t\r\n");
}

static bool take(struct scan *s, char c)
{
    if (*s->p != c)
        return false;
    s->p++;
    return true;
}

static bool scan_escape(struct scan *s)
{
    s->p++;
    if (*s->p == 'u') {
        if (strspn(s->p + 1, "0123456789abcdefABCDEF") < 4)
            return fail(s, "\\u needs four hexadecimal digits");
        s->p += 5;
        return true;
    }
    if (*s->p == '\0' || strchr("\"\\/bfnrt", *s->p) == NULL)
        return fail(s, "there is no such escape in JSON");
    s->p++;
    return true;
}

static bool scan_string(struct scan *s)
{
    s->p++;
    while (*s->p != '"') {
        if (*s->p == '\\') {
            if (!scan_escape(s))
                return false;
        } else if ((unsigned char)*s->p < 0x20) {
            return fail(s, "a string does not end on its line");
        } else {
            s->p++;
        }
    }
    s->p++;
    return true;
}

static bool scan_digits(struct scan *s)
{
    size_t n = strspn(s->p, "0123456789");

    s->p += n;
    return n > 0 ? true : fail(s, "a number is incomplete");
}

static bool scan_number(struct scan *s)
{
    take(s, '-');
    if (!take(s, '0') && !scan_digits(s))
        return false;
    if (take(s, '.') && !scan_digits(s))
        return false;
    if (*s->p == 'e' || *s->p == 'E') {
        s->p++;
        if (!take(s, '+'))
            take(s, '-');
        return scan_digits(s);
    }
    return true;
}

static bool scan_word(struct scan *s)
{
    static const char *const words[] = { "true", "false", "null" };

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t len = strlen(words[i]);
        if (strncmp(s->p, words[i], len) == 0) {
            s->p += len;
            return true;
        }
    }
    return fail(s, "a value is missing or is not JSON");
}

static bool scan_value(struct scan *s, int depth);

/* One member, from its key to the end of its value. */
static bool scan_member(struct scan *s, struct jsontext_member *m, int depth)
{
    if (*s->p != '"')
        return fail(s, "a key in double quotes is missing");
    m->key = (size_t)(s->p - s->text);
    if (!scan_string(s))
        return false;
    m->key_end = (size_t)(s->p - s->text);
    skip_space(s);
    if (!take(s, ':'))
        return fail(s, "a colon is missing");
    skip_space(s);
    m->value = (size_t)(s->p - s->text);
    if (!scan_value(s, depth))
        return false;
    m->value_end = (size_t)(s->p - s->text);
    return true;
}

/* list, when not NULL, gets the members. */
static bool scan_object(struct scan *s, struct jsontext *list, int depth)
{
    struct jsontext_member m;

    s->p++;
    skip_space(s);
    if (take(s, '}'))
        return true;
    for (;;) {
        if (!scan_member(s, &m, depth))
            return false;
        if (list != NULL) {
            if ((list->count & (list->count - 1)) == 0) /* room for a power of two */
                list->members =
                    mem_resize(list->members, list->count > 0 ? 2 * list->count : 1, sizeof *list->members);
            list->members[list->count++] = m;
        }
        skip_space(s);
        if (take(s, '}'))
            return true;
        if (!take(s, ','))
            return fail(s, "a comma or } is missing");
        skip_space(s);
    }
}

static bool scan_array(struct scan *s, int depth)
{
    s->p++;
    skip_space(s);
    if (take(s, ']'))
        return true;
    for (;;) {
        if (!scan_value(s, depth))
            return false;
        skip_space(s);
        if (take(s, ']'))
            return true;
        if (!take(s, ','))
            return fail(s, "a comma or ] is missing");
        skip_space(s);
    }
}

static bool scan_value(struct scan *s, int depth)
{
    if (depth >= DEPTH_MAX)
        return fail(s, "it is nested too deeply");
    if (*s->p == '{')
        return scan_object(s, NULL, depth + 1);
    if (*s->p == '[')
        return scan_array(s, depth + 1);
    if (*s->p == '"')
        return scan_string(s);
    if (*s->p == '-' || (*s->p >= '0' && *s->p <= '9'))
        return scan_number(s);
    return scan_word(s);
}

static bool scan_text(struct scan *s, struct jsontext *j)
{
    skip_space(s);
    if (*s->p != '{')
        return fail(s, "it is not a JSON object");
    j->open = (size_t)(s->p - s->text);
    if (!scan_object(s, j, 1))
        return false;
    j->close = (size_t)(s->p - s->text) - 1;
    skip_space(s);
    return *s->p == '\0' ? true : fail(s, "something follows the object");
}

int jsontext_parse(struct jsontext *j, const char *text, size_t *line, const char **why)
{
    struct jsontext result = { 0 };
    struct scan s = { .text = text, .p = text };

    if (scan_text(&s, &result)) {
        *j = result;
        return 0;
    }
    jsontext_clear(&result);
    *why = s.why;
    *line = 1;
    for (const char *p = text; p < s.p; p++)
        *line += *p == '\n';
    return -1;
}

void jsontext_clear(struct jsontext *j)
{
    free(j->members);
    memset(j, 0, sizeof *j);
}

char *jsontext_string(const char *text, size_t start, size_t end)
{
    json_t *value = json_loadb(text + start, end - start, JSON_DECODE_ANY, NULL);
    char *s = mem_strdup(json_string_value(value)); /* NULL if it is not a string */

    json_decref(value);
    return s;
}

char *jsontext_quote(const char *s)
{
    json_t *value = json_string(s);
    char *token = value != NULL ? json_dumps(value, JSON_ENCODE_ANY) : NULL;

    json_decref(value);
    return token;
}

/* text with [start, end) replaced by with */
static char *substitute(const char *text, size_t start, size_t end, const char *with)
{
    return mem_printf("%.*s%s%s", (int)start, text, with, text + end);
}

/* A member goes with the comma and the white space before it; the first one that is kept
 * stands where the first one stood. */
char *jsontext_drop(const char *text, const struct jsontext *j, const bool *drop)
{
    const struct jsontext_member *m = j->members;
    char *result = mem_alloc(strlen(text) + 1), *to = result;
    size_t kept = 0;

    to = mempcpy(to, text, j->open + 1);
    for (size_t i = 0; i < j->count; i++) {
        if (drop[i])
            continue;
        if (kept++ == 0) {
            to = mempcpy(to, text + j->open + 1, m[0].key - (j->open + 1));
            to = mempcpy(to, text + m[i].key, m[i].value_end - m[i].key);
        } else {
            to = mempcpy(to, text + m[i - 1].value_end, m[i].value_end - m[i - 1].value_end);
        }
    }
    strcpy(to, text + (kept > 0 ? m[j->count - 1].value_end : j->count > 0 ? j->close : j->open + 1));
    return result;
}

char *jsontext_cut(const char *text, const struct jsontext *j, size_t i)
{
    bool *drop = mem_alloc(j->count * sizeof *drop);

    drop[i] = true;
    char *result = jsontext_drop(text, j, drop);
    free(drop);
    return result;
}

char *jsontext_insert(const char *text, const struct jsontext *j, size_t at, const char *key,
                      const char *value)
{
    char *added, *result;

    if (j->count == 0) {
        added = mem_printf("%s: %s", key, value);
        result = substitute(text, j->open + 1, j->close, added);
        free(added);
        return result;
    }
    /* The layout: the white space before a key, and the colon with its own. */
    const struct jsontext_member *first = &j->members[0];
    const char *lead = text + j->open + 1, *colon = text + first->key_end;
    int lead_len = (int)(first->key - j->open - 1), colon_len = (int)(first->value - first->key_end);

    if (at < j->count) {
        size_t here = j->members[at].key;
        added = mem_printf("%s%.*s%s,%.*s", key, colon_len, colon, value, lead_len, lead);
        result = substitute(text, here, here, added);
    } else {
        size_t here = j->members[j->count - 1].value_end;
        added = mem_printf(",%.*s%s%.*s%s", lead_len, lead, key, colon_len, colon, value);
        result = substitute(text, here, here, added);
    }
    free(added);
    return result;
}

char *jsontext_overwrite(const char *text, const struct jsontext *j, size_t i, const char *key,
                         const char *value)
{
    const struct jsontext_member *m = &j->members[i];
    char *with = mem_printf("%s%.*s%s", key, (int)(m->value - m->key_end), text + m->key_end, value);
    char *result = substitute(text, m->key, m->value_end, with);

    free(with);
    return result;
}
