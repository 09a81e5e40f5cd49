/* out: what people and programs read from us.
 *
 * Standard output carries results alone; messages go to standard error. Values
 * that came from files or from a server pass out_escape() before a person sees
 * them. */
#ifndef DOCKTETHER_UI_OUT_H
#define DOCKTETHER_UI_OUT_H

#include "base/err.h"

#include <jansson.h>
#include <stdarg.h>

/* "docktether: PROFILE: LAYER: message" and, where there is one, "hint: ..."
 * on a line below. profile may be NULL. */
void out_error(const char *profile, const struct err *e);

/* "docktether: PROFILE: text" on standard error. profile may be NULL. */
void out_note(const char *profile, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* err_escape() into an allocated string of the size it takes. */
char *out_escape(const char *s);

/* json_string() that takes bytes that are no UTF-8 too, escaped. */
json_t *out_json_string(const char *s);

/* What json_dumps() needs for a number with a fraction to be 0.203, and not the double's
 * 0.20300000000000001. */
#define OUT_JSON_REALS JSON_REAL_PRECISION(6)

/* Writes the value to standard output with OUT_JSON_REALS, and a newline. Steals the
 * reference. */
void out_json(json_t *value, size_t flags);

/* Pushes everything out. -1 when standard output did not take it all. */
int out_flush(struct err *e);

#endif
