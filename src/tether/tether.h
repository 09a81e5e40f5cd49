/* tether: one running profile: one SSH session, one listening socket, one
 * control socket, one loop. */
#ifndef DOCKTETHER_TETHER_TETHER_H
#define DOCKTETHER_TETHER_TETHER_H

#include "base/err.h"
#include "base/log.h"
#include "ssh/identity.h"
#include "store/profile.h"
#include "tether/runtime.h"

#include <stdbool.h>

struct tether_config {
    const struct profile *profile;
    const struct identities *identities;
    const struct runtime *runtime; /* prepared, and its lock held by the caller */
    struct log *log;
    /* One line of JSON is written here when the tether serves or has failed,
     * {"ok":true} or {"ok":false,"error":{...}}; when the other side goes away
     * before that, the tether ends. A line {"waiting":"agent"} may come before,
     * any number of times, when the login waits for the user's agent. -1: nobody waits. Stays the caller's. */
    int ready_fd;
    bool for_others; /* started as a way to others: ends by itself when unused for the profile's hop-linger */
};

/* Runs until `down`, SIGTERM or SIGINT: 0. -1 with the error when the first
 * attempt fails; later failures are retried. Sockets are removed before it
 * returns, the lock file is left to the caller. */
int tether_run(const struct tether_config *cfg, struct err *e);

/* libuv's version, "1.44.2". */
const char *tether_library(void);

#endif
