/* connect: from a profile to an authenticated session: name, TCP, handshake,
 * host key, authentication, each with a deadline of its own. */
#ifndef DOCKTETHER_SSH_CONNECT_H
#define DOCKTETHER_SSH_CONNECT_H

#include "base/err.h"
#include "base/log.h"
#include "ssh/agent.h"
#include "ssh/dial.h"
#include "ssh/identity.h"
#include "ssh/session.h"
#include "store/profile.h"

struct connect_request {
    const struct profile *profile;
    const struct identities *identities;
    struct dial_way way;
    int cancel_fd;            /* becomes readable to give up early; -1: none */
    agent_slow_fn agent_slow; /* see ssh/agent.h; called from any thread; may be NULL */
    void *agent_slow_user;
    struct log *log; /* may be NULL */
};

/* Blocks: call it in a worker thread. Each phase takes at most the profile's
 * connect-timeout. The pins are compared before any authentication; without
 * pins nothing is even dialled (ERR_HOSTKEY). */
struct session *connect_host(const struct connect_request *rq, struct err *e);

/* The error for a profile without pins, for who wants to know early. */
int connect_check_pins(const struct profile *p, struct err *e);

#endif
