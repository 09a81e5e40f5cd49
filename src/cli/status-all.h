/* status-all: what several tethers say about themselves, asked all at once, each
 * for itself: one that hangs keeps nobody. */
#ifndef DOCKTETHER_CLI_STATUS_ALL_H
#define DOCKTETHER_CLI_STATUS_ALL_H

#include "cli/status-table.h"

#include <jansson.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A tether that has not answered for so long is called silent. */
#define ROLL_PATIENCE_MS 5000

/* How soon an inquiry without a descriptor is worth another step. */
#define ROLL_AGAIN_MS 20

struct status_all;

struct status_all *status_all_new(const char *const *names, size_t count);
void status_all_free(struct status_all *r);

size_t status_all_count(const struct status_all *r);

/* The last answer as docs/PROTOCOL.md has it, or {"name", "state": "down"}, or
 * {"name", "state": "silent", "last_error"}; NULL: none yet. The roll's. */
const json_t *status_all_state(const struct status_all *r, size_t i);

/* The same, for people. */
struct status_table_row status_all_row(const struct status_all *r, size_t i);

/* Asks all whose last answer is there. Those that are still being asked stay so. */
void status_all_ask(struct status_all *r);

/* Goes on; who has been asked for patience_ms is silent. Never blocks. True
 * when every one has answered, is down, or is silent. */
bool status_all_step(struct status_all *r, int64_t patience_ms);

/* Writes at most max descriptors for poll(2); their number. */
size_t status_all_poll(const struct status_all *r, struct pollfd *fds, size_t max);

/* Asks once and waits, at most for ROLL_PATIENCE_MS. */
void status_all_call(struct status_all *r);

#endif
