/* jsonobject: JSON objects as texts of their own, one member of which is read or set, while
 * every other byte stays. The texts are known to parse. */
#ifndef DOCKTETHER_DOCKER_JSONOBJECT_H
#define DOCKTETHER_DOCKER_JSONOBJECT_H

#include <stdbool.h>

/* The layout of a text, so that added members look like the rest. */
struct jsonobject_layout {
    char *line; /* a line's end, or "" where all stands on one line */
    char *unit; /* an indentation */
    char *colon;
};

void jsonobject_layout_read(struct jsonobject_layout *l, const char *text);
void jsonobject_layout_clear(struct jsonobject_layout *l);

bool jsonobject_is_empty(const char *object);

/* The value's text, allocated; NULL when there is none, or null. Of several the last one
 * counts, as for Docker. Go's decoder takes the keys of a structure in any case; those of
 * a map only as they are. object may be NULL. */
char *jsonobject_get(const char *object, const char *key, bool any_case);

/* The string under key, decoded; NULL when it is none. */
char *jsonobject_string(const char *object, const char *key);

/* The object with key set to value (a token), once, or without key when value is NULL; depth
 * is that of its keys. Frees the old text. */
char *jsonobject_put(char *object, const struct jsonobject_layout *l, int depth, const char *key,
                     bool any_case, const char *value);
char *jsonobject_put_string(char *object, const struct jsonobject_layout *l, int depth, const char *key,
                            const char *value);

/* The same in the objects under `outer` (in any case) of text: Docker merges them where that
 * key is repeated, so all of them are looked at. NULL also when the last one is null. */
char *jsonobject_get_inner(const char *text, const char *outer, const char *inner);

/* The object goes too when it has become empty, unless keep_empty. */
char *jsonobject_put_inner(char *text, const struct jsonobject_layout *l, const char *outer,
                           const char *inner, const char *value, bool keep_empty);

/* False when something under outer is neither an object nor null. */
bool jsonobject_has_objects(const char *text, const char *outer);

#endif
