/* state: one tether's status as `docktether status` shows it. */
#ifndef DOCKTETHER_CLI_STATE_H
#define DOCKTETHER_CLI_STATE_H

#include <jansson.h>
#include <stdbool.h>

/* The tether's own status (see client_status()), or {"name", "state": "down"}
 * when none runs, or {"name", "state": "silent", "last_error"} when it runs and
 * does not answer. A new reference, never NULL. */
json_t *state_get(const char *name);

bool state_serving(const json_t *state);

/* One row a tether, for people. */
void state_print_table(const json_t *const *states, size_t count);

/* Everything about one. */
void state_print_long(const json_t *state);

#endif
