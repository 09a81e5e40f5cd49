/* listener: a listening unix socket on the loop that lets in the same user's
 * processes only. */
#ifndef DOCKTETHER_RELAY_LISTENER_H
#define DOCKTETHER_RELAY_LISTENER_H

#include "base/log.h"

#include <stdbool.h>
#include <uv.h>

struct listener;

/* fd is the callee's now: connected, close-on-exec, non-blocking. */
typedef void (*listener_accept_fn)(void *user, int fd);

/* Takes over fd (listening, non-blocking). A connection of another user is
 * closed and logged. When descriptors run out, accepting pauses for a moment
 * instead of spinning. NULL on failure: fd stays the caller's. */
struct listener *listener_new(uv_loop_t *loop, int fd, struct log *log, listener_accept_fn accept,
                              void *user);

/* Stays the listener's. */
int listener_fd(const struct listener *l);

/* Descriptors from number `from` on are for others: while no lower one is free
 * it pauses, and new connections wait in the kernel's queue. */
void listener_set_limit(struct listener *l, int from);

/* With hold nothing is accepted, and clients wait in the kernel's queue, until it is
 * called without. l may be NULL. */
void listener_hold(struct listener *l, bool hold);

/* Closes the descriptor; the memory goes after the last uv callback. */
void listener_close(struct listener *l);

#endif
