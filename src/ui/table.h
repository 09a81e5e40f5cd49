/* table: columns for people. Cells are escaped, widths are those of a
 * terminal, no line ends in blanks. */
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
    /* One for each column of the table: the one with the highest is left out
     * first, after those that are empty; 0 is for those that stay. NULL: all stay. */
    const unsigned char *rank;
    bool colours;
};

/* Appends the table's lines, none wider than it may be. What does not fit is
 * taken from the last column down to half a line, then by leaving columns out,
 * then from the first one, then from the end; what was cut ends in an ellipsis. */
void table_lines(const struct table *t, const struct table_fit *fit, struct strv *lines);

#endif
