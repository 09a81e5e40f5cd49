/* session-poll: a session on the loop: polled, kept alive, and noticed when it dies. */
#ifndef DOCKTETHER_TETHER_SESSION_POLL_H
#define DOCKTETHER_TETHER_SESSION_POLL_H

#include "base/err.h"
#include "ssh/session.h"
#include "store/profile.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct netlink_news;
struct session_poll;

struct session_poll_owner {
    /* libssh was called: everything that uses the session has to be stepped. */
    void (*dirty)(void *user);
    /* The session is dead. Once; the owner must session_poll_close() it. */
    void (*lost)(void *user, const struct err *e);
    void *user;
};

/* Takes the session over. NULL on failure: the session stays the caller's. p
 * must outlive it.
 *
 * A server that nothing is heard from for keepalive-interval times
 * keepalive-count is dead; within that time it is asked keepalive-count times
 * for a sign of life. While a slow line still delivers what was sent before the
 * question, the time does not count (liveness.h). */
struct session_poll *session_poll_new(uv_loop_t *loop, struct session *s, const struct profile *p,
                                      const struct session_poll_owner *owner);

/* Call it before the loop polls, after everything that uses the session was
 * stepped: it looks whether the session survived that, and polls for what it
 * wants next. May end in lost(). */
void session_poll_step(struct session_poll *l);

/* The server is asked now for a sign of life. With doubt that it can be reached at all it
 * is dead unless something is heard from it within SESSION_POLL_CHECK_MS (or
 * the profile's own limit, whichever is shorter). A session that is stranded
 * (session_address_gone() of session.h) is lost in the loop's next turn. */
#define SESSION_POLL_CHECK_MS 3000
void session_poll_check(struct session_poll *l, bool doubt);

/* True when the news is about the session's own address, or its way to the server is not
 * the one that it was at the last news. */
bool session_poll_concerned(struct session_poll *l, const struct netlink_news *news);

/* How long the server took to answer, the last time it was asked while nothing
 * else came from it, in microseconds; -1: not known. */
int64_t session_poll_round_trip_us(const struct session_poll *l);

/* Ends the session; its channels must have been given up. l may be NULL. */
void session_poll_close(struct session_poll *l);

#endif
