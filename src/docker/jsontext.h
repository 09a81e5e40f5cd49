/* jsontext: the members of a JSON object as they stand in its text.
 *
 * config.json belongs to Docker and to its user. A decoder and an encoder
 * between them would lose values that they do not model: 1.10, 1e400, integers of
 * more than 64 bits, duplicate keys, the user's own layout. So the text itself
 * is edited, and the rest keeps its bytes. */
#ifndef DOCKTETHER_DOCKER_JSONTEXT_H
#define DOCKTETHER_DOCKER_JSONTEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Offsets into the text; the ends are one past the last byte. */
struct jsontext_member {
    size_t key, key_end; /* with the quotes */
    size_t value, value_end;
};

struct jsontext {
    size_t open, close; /* the object's braces */
    struct jsontext_member *members;
    size_t count;
};

/* Reads a terminated text that must be one JSON object and white space. The
 * grammar is that of RFC 8259, but bytes within strings need not be UTF-8 and
 * keys may be repeated, as Docker accepts both. Returns 0, or -1 with *line
 * (from 1) and *why (a constant, "a comma or } is missing"). j is filled
 * only when it returns 0. */
int jsontext_parse(struct jsontext *j, const char *text, size_t *line, const char **why);

void jsontext_clear(struct jsontext *j);

/* The string whose token (with the quotes) stands at start, decoded and
 * allocated; NULL when it is no string, not UTF-8, or holds \u0000. */
char *jsontext_string(const char *text, size_t start, size_t end);

/* s as a token with its quotes, allocated; NULL when it is not UTF-8. */
char *jsontext_quote(const char *s);

/* Each returns the new text, allocated; key and value are tokens. j belongs
 * to the old text and must be read anew. */
/* Without the members of which drop[] says so; without one of them. */
char *jsontext_drop(const char *text, const struct jsontext *j, const bool *drop);
char *jsontext_cut(const char *text, const struct jsontext *j, size_t i);
char *jsontext_overwrite(const char *text, const struct jsontext *j, size_t i, const char *key,
                         const char *value);

/* Before member at, or at the end when at == count, laid out as the first
 * member is. */
char *jsontext_insert(const char *text, const struct jsontext *j, size_t at, const char *key,
                      const char *value);

#endif
