/* call-context: what the functions of compat.c know about the call of libssh's that
 * they are part of. */
#ifndef DOCKTETHER_SSH_CALL_CONTEXT_H
#define DOCKTETHER_SSH_CALL_CONTEXT_H

#include <stdatomic.h>
#include <stdbool.h>

/* Round trips of a login that are left out. */
struct shortcut {
    /* The key is offered without waiting for the answer to the request for
     * authentication as such. RFC 4253, 10 allows it after a key exchange that
     * proved who the server is, as all of libssh's do; Dropbear's client does
     * it. Not for RSA: how to sign is in the server's EXT_INFO, which precedes
     * that answer. */
    bool service;
    /* The server is not asked whether it would take the key before the agent
     * signs. */
    bool question;
};

/* libssh's log userdata of the thread, for the time of the call. */
struct call_context {
    struct shortcut shortcut;
    const atomic_bool *overdue; /* true: send no more, so that the call returns; may be NULL */
};

#endif
