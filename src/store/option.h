/* option: the table of a profile's keys. It alone drives reading, checking,
 * writing, defaults, --set and the test that the man page names every key. */
#ifndef DOCKTETHER_STORE_OPTION_H
#define DOCKTETHER_STORE_OPTION_H

#include "base/err.h"
#include "store/profile.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_type {
    OPTION_TEXT, /* one line, may be empty */
    OPTION_HOST,
    OPTION_USER,
    OPTION_SOCKET,   /* remote, absolute; or "auto", "none" */
    OPTION_NAME,     /* of another profile */
    OPTION_AGENT,    /* a boolean, or a local socket, absolute or ~/ */
    OPTION_BOOL,     /* yes/no; true/false, on/off, 1/0 are read too */
    OPTION_INT,      /* within min and max */
    OPTION_DURATION, /* within min and max, in milliseconds */
    OPTION_CHOICE,   /* one of choices */
    OPTION_FILES,    /* repeatable: local files, absolute or ~/ */
    OPTION_PINS,     /* repeatable */
};

struct option {
    const char *section; /* "profile", "ssh", "docker", "tether" */
    const char *key;
    enum option_type type;
    size_t offset; /* of the member in struct profile */
    int64_t min, max;
    const char *const *choices; /* NULL-terminated, in the order of the enum */
    const char *fallback;       /* the default, as text; NULL: none (always written) */
    const char *help;           /* one line for help, without a full stop */
    bool no_default;            /* may not stand in docktether.ini (host, pin, ...) */
    bool nullable;              /* an empty text is NULL in the profile (user, dial-command) */
    bool cosmetic;              /* makes no difference to the tether (description, ...) */
};

#define OPTION_VALUE_MAX 190 /* bytes */

/* The table; *count entries, in the order in which they are written. */
const struct option *option_table(size_t *count);

/* By section and key; section may be NULL (then "section.key" or a bare key,
 * which are unique). NULL when there is none. */
const struct option *option_find(const char *section, const char *key);

bool option_repeatable(const struct option *o);

/* Parses value into the profile. A repeatable key appends; an empty value
 * clears a repeatable one and resets the others to their default. Errors are
 * ERR_USAGE and name key and value. A value is refused when it could not be
 * written back: newlines, other control bytes, invalid UTF-8, " ;" or ";" in
 * front (inih would cut there), blanks at the edges, more than OPTION_VALUE_MAX
 * bytes, or so many that "key = value" is longer than INI_LINE_MAX. A file or
 * pin that the profile has already is not added again. The profile is
 * unchanged when -1 is returned. */
int option_set(struct profile *p, const struct option *o, const char *value, struct err *e);

/* Sets the built-in default (a repeatable key becomes empty). */
void option_reset(struct profile *p, const struct option *o);

/* Copies the value of one key. */
void option_copy(struct profile *dst, const struct profile *src, const struct option *o);

/* Copies the value of p to dst if it differs from that of old; of pins, each one that was
 * added or removed. */
void option_carry(struct profile *dst, const struct profile *old, const struct profile *p,
                  const struct option *o);

/* Frees the value: NULL, empty or 0. */
void option_clear(struct profile *p, const struct option *o);

/* The values as text, as option_set() takes them: any number for a repeatable
 * key, else exactly one, "" for an unset one. *out must be empty. */
void option_get(const struct profile *p, const struct option *o, struct strv *out);

/* True when the value is that of `base` (a profile with defaults). */
bool option_is_default(const struct profile *p, const struct option *o, const struct profile *base);

#endif
