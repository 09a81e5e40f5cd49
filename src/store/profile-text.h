/* profile-text: a profile as the text of its file, and back. */
#ifndef DOCKTETHER_STORE_PROFILE_TEXT_H
#define DOCKTETHER_STORE_PROFILE_TEXT_H

#include "base/err.h"
#include "store/profile.h"

#include <stdbool.h>

/* Reads text over the values that p has already (the defaults). With defaults == true
 * the text is docktether.ini, where some keys may not stand. A repeatable key
 * replaces the values p had; an empty one removes them. path is for messages.
 * Errors are ERR_PROFILE, "path:line: why"; p is then half read. */
int profile_text_read(const char *path, const char *text, bool defaults, struct profile *p, struct err *e);

/* The same for a profile's text that is a part of a file, where its first line has that
 * number. */
int profile_text_read_part(const char *path, int first, const char *text, struct profile *p, struct err *e);

/* The file of p: every key whose value is not that of base, those without a
 * default, and a user that was given. Allocated. */
char *profile_text_write(const struct profile *p, const struct profile *base);

#endif
