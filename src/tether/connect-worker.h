/* connect-worker: connect_host() in a worker thread, in its turn among all tethers that
 * log in there (login-slots.h), with the answer on the loop. */
#ifndef DOCKTETHER_TETHER_CONNECT_WORKER_H
#define DOCKTETHER_TETHER_CONNECT_WORKER_H

#include "base/err.h"
#include "base/log.h"
#include "control/message.h"
#include "ssh/identity.h"
#include "ssh/session.h"
#include "store/profile.h"
#include "store/runtime.h"

#include <uv.h>

struct connect_worker;

struct connect_worker_owner {
    /* session is the owner's now, or NULL with an error; refused is
     * connect_host()'s, but never for an agent that failed. Called once, on the loop, after a cancellation too (then
     * nearly always with an error). The worker is gone when it returns. */
    void (*done)(void *user, struct session *session, bool refused, const struct err *e);
    /* There is news for connect_worker_waiting(). Called from another thread, before
     * done. */
    void (*waiting)(void *user);
    void *user;
};

/* profile, identities, rt and log must outlive the worker. NULL and an error when
 * no thread or descriptor can be had. */
struct connect_worker *connect_worker_start(uv_loop_t *loop, const struct profile *profile,
                                            const struct identities *identities, const struct runtime *rt,
                                            struct log *log, const struct connect_worker_owner *owner,
                                            struct err *e);

/* What it waits for now; "" at first. */
void connect_worker_waiting(struct connect_worker *c, struct waiting *w);

/* Makes it end soon: every wait of the worker is cut short. */
void connect_worker_cancel(struct connect_worker *c);

#endif
