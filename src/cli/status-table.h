/* state: the status of tethers as `docktether status` shows it to people. */
#ifndef DOCKTETHER_CLI_STATUS_TABLE_H
#define DOCKTETHER_CLI_STATUS_TABLE_H

#include "ui/table.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct state_row {
    const json_t *state; /* see roll_state(); NULL: not known yet */
    const char *name;
    bool is_protected; /* the profile is */
};

/* "serving" and the like, never NULL. */
const char *state_word(const json_t *state);

bool state_serving(const json_t *state);

/* One row a tether. */
struct table *state_table(const struct state_row *rows, size_t count);

/* For table_fit: the columns of state_table() in the order of their worth. */
extern const unsigned char state_ranks[];

/* Everything about one. */
struct table *state_full(const struct state_row *row);

#endif
