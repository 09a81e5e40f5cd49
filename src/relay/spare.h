/* spare: channels to the remote socket opened ahead, so that a connection
 * pays no round trip for opening one. */
#ifndef DOCKTETHER_RELAY_SPARE_H
#define DOCKTETHER_RELAY_SPARE_H

#include "ssh/channel.h"

#include <stdint.h>

/* dockerd drops a connection that has sent nothing for five minutes
 * (ReadHeaderTimeout). */
#define SPARE_MAX_AGE_MS (4 * 60 * 1000)

/* However many are wanted at once: each costs a connection at the daemon. */
#define SPARE_MAX 64

struct spare;

/* Keeps at least `count` streamlocal channels to path open on the session (0:
 * none), and for a while after a burst as many more as were missed in it, up to
 * SPARE_MAX. `first` (may be NULL) is an unused open channel, which it
 * takes over. dirty is called when the owner should step everything. */
struct spare *spare_new(struct session *s, const char *path, int64_t count, struct channel *first,
                        void (*dirty)(void *user), void *user);

/* A channel that is ready, now the caller's (with a new owner to be set), or
 * NULL. The newest first: it is the least likely to have died unseen. NULL too
 * when the session turns out to be lost, see session_lost(). */
struct channel *spare_take(struct spare *sp);

/* Drops channels that the server closed or that are too old or too many, opens
 * what is missing, moves openings on. After a refusal nothing is opened for a
 * while. */
void spare_step(struct spare *sp);

/* Milliseconds until spare_step() has to be called again; -1: never. */
int64_t spare_due_ms(const struct spare *sp);

void spare_free(struct spare *sp);

#endif
