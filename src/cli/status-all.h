/* status-all: asks several tethers for their status at the same time, each for itself, so
 * that one that hangs delays no other. */
#ifndef DOCKTETHER_CLI_STATUS_ALL_H
#define DOCKTETHER_CLI_STATUS_ALL_H

#include "cli/status-table.h"

#include <jansson.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A tether that has not answered for so long is called silent: by `status`, and by commands
 * that show its state beside other things. */
#define STATUS_PATIENCE_MS 5000
#define STATUS_BRIEF_MS 1000

/* How soon a query without a descriptor is worth another step. */
#define STATUS_AGAIN_MS 20

struct status_all;

struct status_all *status_all_new(const char *const *names, size_t count);
void status_all_free(struct status_all *r);

size_t status_all_count(const struct status_all *r);

/* The last answer as docs/PROTOCOL.md has it, or {"name", "state": "down"}, or
 * {"name", "state": "silent", "last_error"}; NULL: none yet. Owned by r. */
const json_t *status_all_state(const struct status_all *r, size_t i);

/* The same, for people. */
struct status_table_row status_all_row(const struct status_all *r, size_t i);

/* Begins a new query for each tether without one in progress. */
void status_all_ask(struct status_all *r);

/* Makes progress without blocking. A tether that was asked patience_ms ago is silent. True
 * when every tether has answered, is down, or is silent. */
bool status_all_step(struct status_all *r, int64_t patience_ms);

/* Writes at most max descriptors for poll(2); returns their number. */
size_t status_all_poll(const struct status_all *r, struct pollfd *fds, size_t max);

/* Asks once and waits, at most for patience_ms. */
void status_all_call(struct status_all *r, int64_t patience_ms);

#endif
