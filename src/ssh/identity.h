/* identity: the keys and certificates a profile may use, ready to sign.
 *
 * Identity files are read before the tether detaches, because a passphrase
 * can be asked for only then. Key files that the wrong people can read are
 * refused as ssh refuses them. Decrypted keys live in memory until
 * identities_free() wipes them; a passphrase is wiped as soon as it was used. */
#ifndef DOCKTETHER_SSH_IDENTITY_H
#define DOCKTETHER_SSH_IDENTITY_H

#include "base/err.h"
#include "ssh/agent.h"
#include "ssh/passphrase.h"
#include "store/profile.h"

#include <stdbool.h>
#include <stddef.h>

struct identities;

struct identity_helpers {
    passphrase_ask_fn ask; /* NULL: nobody to ask */
    void *ask_user;
    agent_slow_fn agent_slow; /* may be NULL */
    void *agent_slow_user;
};

/* With `identities-only = no` the keys of the agent may be offered after the named
 * identities, and one of these that cannot be used is passed over, as default files are. */
/* Loads what the profile names, or without `identity` the default files
 * ~/.ssh/id_ed25519, id_ecdsa, id_rsa that exist. Certificates are joined to
 * the identity whose key they certify: those of the profile, else FILE-cert.pub
 * beside an identity file. A file that holds a public key or a certificate
 * stands for a key that the agent alone has, which is looked for when a login
 * needs it.
 *
 * A key that is encrypted and that the agent holds too is left to the agent,
 * without a question; others are asked for up to three times. The agent is
 * asked (at most for the profile's connect-timeout) only where that matters:
 * without `identity`, or for an encrypted key.
 *
 * A named identity or certificate that is missing or unreadable, an identity
 * that is too open, or encrypted with nobody to ask, and a certificate for
 * none of the keys are ERR_AUTH; a default file in that state is passed over.
 *
 * The profile of a command line may also name an open descriptor, see
 * identity_of_fd(): it is read to its end (for a minute at most) and closed. */
struct identities *identities_load(const struct profile *p, const struct identity_helpers *h, struct err *e);

void identities_free(struct identities *ids);

/* The socket of the agent that the profile would use, allocated; NULL when there
 * is none to be used. -1 when its path is none. */
int identities_find_agent(const struct profile *p, char **path, struct err *e);

/* ---- identity-list.c: what they amount to, for people --------------------------- */

/* What is there to log in with, one line a key or certificate:
 * "~/.ssh/id_ed25519 SHA256:...". *out must be empty. */
void identities_describe(const struct identities *ids, struct strv *out);

/* "SHA256:..." of a public key in base64, or "" */
void identity_fingerprint(const char *blob, char out[PIN_FINGERPRINT_SIZE]);

/* The public key that is offered first, as authorized_keys has it ("TYPE
 * BASE64"), allocated; NULL when only the agent knows. */
char *identities_public(const struct identities *ids);

/* The first certificate that would be offered: its file, as the profile has it, and why a
 * login as user cannot succeed with it, a predicate ("has expired", "is for ann, bob and
 * not for deploy"); NULL when no reason is known. A server may map principals otherwise
 * (AuthorizedPrincipalsFile). Both allocated. False when there is no certificate. */
bool identities_certificate(const struct identities *ids, const char *user, char **file, char **why);

/* How much of it needs an agent, and how much of that is not among in_agent (as
 * agent_list() gives it); *missing (may be NULL) is the first of those, as
 * identities_describe() has it, allocated. */
struct identities_need {
    size_t own;       /* private keys at hand */
    size_t agents;    /* keys that only an agent can sign with */
    size_t absent;    /* of them */
    bool any;         /* every key of the agent may be offered besides */
    const char *file; /* of the first absent one, as the profile names it; NULL: all are there */
};
struct identities_need identities_need(const struct identities *ids, const struct strv *in_agent,
                                       char **missing);

/* The socket of the agent that they need; NULL when the keys at hand are all that is
 * offered, or there is no agent. Theirs. */
const char *identities_agent(const struct identities *ids);

#endif
