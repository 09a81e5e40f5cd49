/* width: the columns that text takes on a terminal. Strings are valid UTF-8 without control
 * bytes, as out_escape() makes them. */
#ifndef DOCKTETHER_UI_WIDTH_H
#define DOCKTETHER_UI_WIDTH_H

#include <stddef.h>

/* In columns of a terminal. */
size_t width_of(const char *s);

/* The string, or as much of it as fits with an ellipsis at its end. Allocated. */
char *width_cut(const char *s, size_t columns);

#endif
