/* ini: the text of a profile or of docktether.ini, read by inih behind checks
 * of our own, because inih r55 takes the tail of a long line for a new line,
 * cuts section names, continues values on indented lines and stays in the
 * previous section after a bad header. */
#ifndef DOCKTETHER_STORE_INI_H
#define DOCKTETHER_STORE_INI_H

#include "base/err.h"

#define INI_LINE_MAX 196 /* bytes, without the newline; inih r55 holds 197 */
#define INI_FILE_MAX (64 * 1024)

/* One "key = value" at a line of the file, or, with key and value NULL, the
 * header of a section. A section may begin more than once. Returns 0, or -1
 * with an error (without file and line: ini_parse_text adds them). */
typedef int (*ini_entry_fn)(void *user, const char *section, const char *key, const char *value,
                            struct err *e);

/* text is terminated; path is for messages, which read "path:line: why".
 * Stops at the first error. Errors keep their hint and become ERR_PROFILE. */
int ini_parse_text(const char *path, const char *text, ini_entry_fn entry, void *user, struct err *e);

/* The same for text whose first line has that number in the file. */
int ini_parse_part(const char *path, int first, const char *text, ini_entry_fn entry, void *user,
                   struct err *e);

#endif
