/* auth-shortcut: round trips of a login that auth.c lets compat.c leave out. */
#ifndef DOCKTETHER_SSH_AUTH_SHORTCUT_H
#define DOCKTETHER_SSH_AUTH_SHORTCUT_H

#include <stdbool.h>

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

#endif
