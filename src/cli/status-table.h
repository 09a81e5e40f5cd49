/* status-table: the status of tethers as `docktether status` shows it to people. */
#ifndef DOCKTETHER_CLI_STATUS_TABLE_H
#define DOCKTETHER_CLI_STATUS_TABLE_H

#include "ui/table.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct status_table_row {
    const json_t *state; /* see status_all_state(); NULL: not known yet */
    const char *name;
    bool is_protected; /* the profile is */
};

/* "serving" and the like, never NULL. */
const char *status_table_word(const json_t *state);

bool status_table_serving(const json_t *state);

/* One row a tether. */
struct table *status_table_build(const struct status_table_row *rows, size_t count);

/* For table_fit: the columns of status_table_build() in the order of their worth. */
extern const unsigned char state_ranks[];

/* Everything about one. */
struct table *status_table_full(const struct status_table_row *row);

#endif
