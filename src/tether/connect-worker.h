/* dialer: connect_host() in a worker thread, in its turn among all tethers that
 * log in there (slot.h), with the answer on the loop. */
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

struct dialer;

struct dialer_owner {
    /* session is the owner's now, or NULL with an error; refused is
     * connect_host()'s. Called once, on the loop, after a cancellation too (then
     * nearly always with an error). The dialer is gone when it returns. */
    void (*done)(void *user, struct session *session, bool refused, const struct err *e);
    /* There is news for dialer_waiting(). Called from another thread, before
     * done. */
    void (*waiting)(void *user);
    void *user;
};

/* profile, identities, rt and log must outlive the dialer. NULL and an error when
 * no thread or descriptor can be had. */
struct dialer *dialer_start(uv_loop_t *loop, const struct profile *profile,
                            const struct identities *identities, const struct runtime *rt, struct log *log,
                            const struct dialer_owner *owner, struct err *e);

/* What it waits for now; "" at first. */
void dialer_waiting(struct dialer *d, struct waiting *w);

/* Makes it end soon: every wait of the worker is cut short. */
void dialer_cancel(struct dialer *d);

#endif
