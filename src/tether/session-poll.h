/* session-poll: a session on the loop: polled, kept alive, and noticed when it dies. */
#ifndef DOCKTETHER_TETHER_SESSION_POLL_H
#define DOCKTETHER_TETHER_SESSION_POLL_H

#include "base/err.h"
#include "ssh/session.h"
#include "store/profile.h"

#include <stdint.h>
#include <uv.h>

struct session_poll;

struct session_poll_owner {
    /* libssh was called: everything that uses the session has to be stepped. */
    void (*dirty)(void *user);
    /* The session is dead. Once; the owner must session_poll_close() it. */
    void (*lost)(void *user, const struct err *e);
    void *user;
};

/* Takes the session over. NULL on failure: the session stays the caller's. p
 * must outlive the link.
 *
 * A server that nothing is heard from for keepalive-interval times
 * keepalive-count is dead; within that time it is asked keepalive-count times
 * for a sign of life. */
struct session_poll *session_poll_new(uv_loop_t *loop, struct session *s, const struct profile *p,
                                      const struct session_poll_owner *owner);

/* Call it before the loop polls, after everything that uses the session was
 * stepped: it looks whether the session survived that, and polls for what it
 * wants next. May end in lost(). */
void session_poll_step(struct session_poll *l);

/* There is reason to doubt that the server can still be reached: it is asked
 * now, and is dead unless something is heard from it within SESSION_POLL_CHECK_MS (or
 * the profile's own limit, whichever is shorter). A session that is stranded
 * (see session.h) is lost in the loop's next turn. */
#define SESSION_POLL_CHECK_MS 3000
void session_poll_check(struct session_poll *l);

/* How long the server took to answer, the last time it was asked while nothing
 * else came from it, in microseconds; -1: not known. */
int64_t session_poll_round_trip_us(const struct session_poll *l);

/* Ends the session; its channels must have been given up. l may be NULL. */
void session_poll_close(struct session_poll *l);

#endif
