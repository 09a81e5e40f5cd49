/* handover: a tether hands its place to another process of the same profile,
 * with other values or a newer program, without a moment in which nobody
 * listens: the lock and the listening socket are passed on as descriptors
 * (unix(7), SCM_RIGHTS), and so are the connections that wait for a session. */
#ifndef DOCKTETHER_CONTROL_HANDOVER_H
#define DOCKTETHER_CONTROL_HANDOVER_H

#include "base/err.h"
#include "store/runtime.h"

#include <stddef.h>

#define HANDOVER_HELD_MAX 10000 /* as many as max-held can be */
#define HANDOVER_ENDS_MAX 64

struct handover {
    int lock;
    int sock;                    /* listening; -1: the profile serves no socket */
    int held[HANDOVER_HELD_MAX]; /* clients that nothing was read from yet */
    size_t held_count;
    /* Of connections to processes that were replaced before and still serve
     * somebody: each ends when its one is closed. */
    int ends[HANDOVER_ENDS_MAX];
    size_t ends_count;
};

/* The old process's side: answers the request on fd with the descriptors. They
 * are closed here in any case. A client that cannot be passed on sees its
 * connection end; *lost is their number. Blocks for a second at most, when the
 * successor does not read. 0, or -1 when it got nothing. */
int handover_send(int fd, struct handover *s, size_t *lost);

/* The new process's side: asks the tether that runs. The connection to it is
 * among s->ends. All descriptors are the caller's: all that could be passed on,
 * which may be fewer than there were. Blocks for some seconds at most. -1 and an
 * error, layer "control" when there is nobody to ask. */
int handover_take(const struct runtime *rt, struct handover *s, struct err *e);

/* Closes what is left in s. */
void handover_clear(struct handover *s);

#endif
