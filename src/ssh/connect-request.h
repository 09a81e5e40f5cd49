/* connect-request: all that a connection is made from. */
#ifndef DOCKTETHER_SSH_CONNECT_REQUEST_H
#define DOCKTETHER_SSH_CONNECT_REQUEST_H

#include "base/log.h"
#include "ssh/dial.h"
#include "ssh/identity.h"
#include "ssh/wait.h"
#include "store/profile.h"

#include <stdbool.h>

/* A key was offered: what it is, for people, and whether the server took it. */
typedef void (*connect_offered_fn)(void *user, const char *what, bool taken);

struct connect_request {
    const struct profile *profile;
    const struct identities *identities;
    struct dial_way way;
    int cancel_fd; /* becomes readable to give up early; -1: none */
    /* Told each phase, and "agent" when the user's agent keeps it waiting (then
     * from any thread, see ssh/agent.h); may be NULL. */
    wait_note_fn note;
    void *note_user;
    connect_offered_fn offered; /* may be NULL */
    void *offered_user;
    struct log *log; /* may be NULL */
};

#endif
