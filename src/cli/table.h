/* table: columns for people. Cells are escaped, widths are those of a
 * terminal, no line ends in blanks. */
#ifndef DOCKTETHER_CLI_TABLE_H
#define DOCKTETHER_CLI_TABLE_H

#include <stddef.h>
#include <stdio.h>

struct table;

/* titles: one a column, or NULL for a table without a line of titles. */
struct table *table_new(size_t columns, const char *const *titles);
void table_free(struct table *t);

/* Appends a row of as many cells as there are columns; NULL is an empty one. */
void table_row(struct table *t, const char *const *cells);

/* The same for a table of two columns: "key:" and value. */
void table_pair(struct table *t, const char *key, const char *value);

void table_print(const struct table *t, FILE *out);

/* Columns of a terminal that an escaped string takes. */
size_t table_width(const char *s);

#endif
