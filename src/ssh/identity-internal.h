/* identity-internal: the keys of a profile as auth.c offers them. */
#ifndef DOCKTETHER_SSH_IDENTITY_INTERNAL_H
#define DOCKTETHER_SSH_IDENTITY_INTERNAL_H

#include "ssh/identity.h"
#include "ssh/libssh.h"
#include "ssh/pubkey.h"
#include "store/pin.h"

/* One thing to offer: a key, or a certificate for it. */
struct identity {
    char *file;  /* that of the key or of the certificate, as the profile has it */
    char *blob;  /* what is offered, base64 */
    char *plain; /* the public key that signs, base64; the same without a certificate */
    ssh_key key; /* private, with the certificate; NULL when only the agent can sign */
};

struct certificate {
    char *file;
    struct pubkey key;
    bool used; /* by an identity of the profile */
};

struct identities {
    struct identity *items;
    size_t count;
    char *agent;                      /* the agent's socket, NULL: none is to be used */
    bool any_in_agent;                /* no identity was named: every key of the agent may be offered */
    struct certificate *certificates; /* those of the profile */
    size_t certificate_count;
};

#endif
