/* handover: a tether hands its place to another process of the same profile,
 * with other values or a newer program, so that at every moment a process
 * listens. The lock, the listening socket and the connections that wait for a
 * session are passed on as descriptors (unix(7), SCM_RIGHTS).
 *
 * The old process gives nothing up before the new one has acknowledged that it
 * has everything. Until then each can fail, stop or die, and the old process goes
 * on as if it had not been asked. */
#ifndef DOCKTETHER_CONTROL_HANDOVER_H
#define DOCKTETHER_CONTROL_HANDOVER_H

#include "base/err.h"
#include "base/time.h"
#include "store/runtime.h"

#include <stddef.h>

#define HANDOVER_HELD_MAX 10000 /* as many as max-held can be */
#define HANDOVER_ENDS_MAX 64
#define HANDOVER_MS 5000 /* for all of it; the old process then goes on, and the new one gives up */

struct handover {
    int lock;
    int sock;                    /* listening; -1: the profile serves no socket */
    int held[HANDOVER_HELD_MAX]; /* clients that nothing was read from yet */
    size_t held_count;
    /* Of connections to processes that were replaced before and still serve
     * clients: each ends when its connection is closed. */
    int ends[HANDOVER_ENDS_MAX];
    size_t ends_count;
    size_t sent; /* messages, by handover_give() */
};

/* Without descriptors. */
void handover_init(struct handover *s);

/* Closes what is in s. */
void handover_clear(struct handover *s);

enum handover_result {
    HANDOVER_FAILED = -1, /* the successor is gone, and has nothing: keep everything */
    HANDOVER_WRITE,       /* call again when fd is writable */
    HANDOVER_READ,        /* call again when fd is readable */
    HANDOVER_DONE,        /* the successor has everything: let go */
};

/* The old process's side, as far as it gets without blocking: answers the request
 * on fd (non-blocking) with duplicates of what is in s, waits for the
 * acknowledgement, and passes the lock. s keeps its descriptors in any case. */
enum handover_result handover_give(int fd, struct handover *s);

/* The new process's side, on a connection on which the request was sent: fills s,
 * whose descriptors are the caller's then. Blocks until the deadline at most. -1 and
 * an error: s is empty, and the old process goes on once conn is closed. conn stays
 * the caller's. */
int handover_receive(int conn, struct handover *s, struct deadline d, struct err *e);

/* The same with the tether that runs: connects to it, and puts the connection among
 * s->ends. Blocks for HANDOVER_MS at most. The error has the layer "control" when
 * the tether could not be asked or did not finish. */
int handover_take(const struct runtime *rt, struct handover *s, struct err *e);

#endif
