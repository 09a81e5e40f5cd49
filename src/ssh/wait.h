/* wait: waiting for a descriptor with a deadline, interruptibly. Used by the
 * code that runs in a worker thread and may block. */
#ifndef DOCKTETHER_SSH_WAIT_H
#define DOCKTETHER_SSH_WAIT_H

#include "base/time.h"

/* Tells the reason for the present wait: a word that docs/PROTOCOL.md lists, and the
 * name of the host, the agent or the socket concerned. Called from the thread that
 * waits; neither string outlives the call. */
typedef void (*wait_note_fn)(void *user, const char *what, const char *whom);

/* When to stop waiting: at the deadline, or when cancel_fd (-1: none) becomes
 * readable. */
struct wait {
    struct deadline deadline;
    int cancel_fd;
    wait_note_fn note; /* may be NULL */
    void *note_user;
};

/* Tells w->note. */
void wait_note(const struct wait *w, const char *what, const char *whom);

enum wait_result { WAIT_READY, WAIT_TIMEOUT, WAIT_CANCELLED };

/* events as for poll(2). An error or hang-up of fd counts as ready. */
enum wait_result wait_fd(const struct wait *w, int fd, short events);

#endif
