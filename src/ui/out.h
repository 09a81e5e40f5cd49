/* out: output for people and for programs.
 *
 * Standard output carries only results; messages go to standard error. Values
 * from files or from a server pass out_escape() before a person sees them. */
#ifndef DOCKTETHER_UI_OUT_H
#define DOCKTETHER_UI_OUT_H

#include "base/err.h"

#include <jansson.h>
#include <stdarg.h>

/* "docktether: PROFILE: LAYER: message" and below it "hint: ..." if there is one. profile may
 * be NULL. */
void out_error(const char *profile, const struct err *e);

/* Information, not an error: "PROFILE: text" on standard error where that is a terminal,
 * elsewhere "docktether: PROFILE: text". profile may be NULL. */
void out_note(const char *profile, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* err_escape() into an allocated string. */
char *out_escape(const char *s);

/* json_string() that also takes bytes that are not UTF-8, escaped. */
json_t *out_json_string(const char *s);

/* A flag for json_dumps() that prints 0.203 and not the double's 0.20300000000000001. */
#define OUT_JSON_REALS JSON_REAL_PRECISION(6)

/* Writes the value to standard output with OUT_JSON_REALS, and a newline. Steals the
 * reference. */
void out_json(json_t *value, size_t flags);

/* Flushes standard output. -1 when it did not take everything. */
int out_flush(struct err *e);

#endif
