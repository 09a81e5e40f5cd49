/* roll: what several tethers say about themselves, asked all at once, each
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

struct roll;

struct roll *roll_new(const char *const *names, size_t count);
void roll_free(struct roll *r);

size_t roll_count(const struct roll *r);

/* The last answer as docs/PROTOCOL.md has it, or {"name", "state": "down"}, or
 * {"name", "state": "silent", "last_error"}; NULL: none yet. The roll's. */
const json_t *roll_state(const struct roll *r, size_t i);

/* The same, for people. */
struct state_row roll_row(const struct roll *r, size_t i);

/* Asks all whose last answer is there. Those that are still being asked stay so. */
void roll_ask(struct roll *r);

/* Goes on; who has been asked for patience_ms is silent. Never blocks. True
 * when every one has answered, is down, or is silent. */
bool roll_step(struct roll *r, int64_t patience_ms);

/* Writes at most max descriptors for poll(2); their number. */
size_t roll_poll(const struct roll *r, struct pollfd *fds, size_t max);

/* Asks once and waits, at most for ROLL_PATIENCE_MS. */
void roll_call(struct roll *r);

#endif
