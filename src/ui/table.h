/* table: prints columns for people. Cells are escaped, widths are those of a terminal, and no
 * line ends in blanks. */
#ifndef DOCKTETHER_UI_TABLE_H
#define DOCKTETHER_UI_TABLE_H

#include "base/mem.h"
#include "ui/style.h"

#include <stdbool.h>
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

/* Colours a cell of the last row, where colours are wanted. */
void table_paint(struct table *t, size_t column, enum style style);

/* In colours when `out` is a terminal that wants them. */
void table_print(const struct table *t, FILE *out);

/* How a table is made to fit. */
struct table_fit {
    size_t width; /* columns of the terminal */
    /* One for each column: empty columns are left out first, then the highest ranks; columns
     * of rank 0 stay. NULL: all stay. */
    const unsigned char *rank;
    bool colours;
};

/* Appends the table's lines, none wider than the width. To fit, the last column shrinks to
 * half a line, then columns are left out, then the first column shrinks, then the end is cut;
 * cut text ends in an ellipsis. */
void table_lines(const struct table *t, const struct table_fit *fit, struct strv *lines);

#endif
