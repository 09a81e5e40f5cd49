/* launch: bringing a tether up, from the command line. */
#ifndef DOCKTETHER_TETHER_LAUNCH_H
#define DOCKTETHER_TETHER_LAUNCH_H

#include "base/err.h"
#include "base/log.h"
#include "ssh/identity.h"
#include "store/profile.h"
#include "store/runtime.h"

#include <stdbool.h>

struct service;

struct launch_options {
    passphrase_ask_fn ask; /* for passphrases; NULL: the user cannot be asked */
    void *ask_user;
    enum log_level level;
    bool for_others; /* as a hop: see tether_config */
    /* Told what is being waited for, and by which profile: `what` is a word of docs/PROTOCOL.md,
     * or "tether" at first, and NULL when the waiting is over. Between two
     * processes that are started it is always over. NULL: silent. */
    void (*waiting)(void *user, const char *name, const char *what, const char *whom);
    void *waiting_user;
    int *lifeline; /* launch_bound()'s own */
};

/* How a tether that runs differs from the one that would be started now. */
enum launch_difference {
    LAUNCH_SAME,
    LAUNCH_OTHER_VALUES,  /* the profile has changed */
    LAUNCH_OTHER_VERSION, /* of the program */
    LAUNCH_OTHER_AGENT,   /* it needs an agent that this login does not have, and lacks it */
};

enum launch_result {
    LAUNCH_FAILED = -1,
    LAUNCH_STARTED,
    LAUNCH_RUNNING,
    LAUNCH_REPLACED,
};

/* Brings up what p goes via, then p's tether. Returns when it serves, or cannot: LAUNCH_STARTED when this
 * call started it, LAUNCH_RUNNING when it served already or another shell was
 * bringing it up (also where that one's has taken the place of the one that was
 * started here), LAUNCH_FAILED with the tether's own error. A tether that
 * was started here and failed is gone when this returns. A tether that runs
 * and is not connected is told to try again at once. Bounded by the profile's
 * timeouts.
 *
 * A tether that differs from p as it is now is replaced by a new one (LAUNCH_REPLACED),
 * which takes its socket over once it can serve: no client finds the socket closed, what is
 * open goes on to its end, and when the new one fails the old one stays. One that must not be
 * replaced (`docktether run`) is left alone. *difference (may be NULL) says what differs: with
 * LAUNCH_REPLACED from the tether that was replaced, else from the one that goes on.
 *
 * Forks: call it before any thread exists. */
enum launch_result launch_up(const struct profile *p, const struct launch_options *o,
                             enum launch_difference *difference, struct err *e);

/* A tether of p's with files of its own (private_runtime_init(), into *rt), which
 * ends, and removes them, when *lifeline is closed, be it by the end of this
 * process. It is close-on-exec; launch_release() closes it. What p goes via is
 * not brought up. After a failure nothing is left, and *rt is empty. Forks, as above. */
int launch_bound(const struct profile *p, struct runtime *rt, const struct launch_options *o, int *lifeline,
                 struct err *e);

/* Ends it and waits until it is gone, for some seconds; then it is killed. */
void launch_release(const struct runtime *rt, int lifeline);

/* What p goes via, alone. An error bears the hop's name. */
int launch_hops(const struct profile *p, const struct launch_options *o, struct err *e);

/* What p logs in with; passphrases are asked for. NULL and an error. */
struct identities *launch_identities(const struct profile *p, const struct launch_options *o, struct err *e);

/* ---- foreground.c ------------------------------------------------------------ */

/* Runs the tether in this process until it is told to end (SIGTERM, SIGINT,
 * `down`). 0 after an orderly end, -1 with the error that ended it.
 *
 * Under a service manager (service->managed) a host that cannot be reached, and
 * one that refuses us, is no end: the socket is there and says why, and nothing is
 * started again and again. A tether that `up` has started makes room. */
int launch_foreground(const struct profile *p, const struct launch_options *o, const struct service *service,
                      struct err *e);

/* For a tether that cannot even begin: the service manager hears why, and so does
 * the clients that wait at the socket that it has passed, which would otherwise have us
 * started again at once. Takes some seconds at most. */
void launch_turn_away(const char *name, const struct service *service, const struct err *why);

#endif
