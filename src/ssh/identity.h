/* identity: the private keys a profile may use, ready to sign.
 *
 * An identity file is read before the tether detaches, because a passphrase
 * can be asked for only then. Key files that the wrong people can read are
 * refused as ssh refuses them. Decrypted keys live in memory until
 * identities_free() wipes them; a passphrase is wiped as soon as it was used. */
#ifndef DOCKTETHER_SSH_IDENTITY_H
#define DOCKTETHER_SSH_IDENTITY_H

#include "base/err.h"
#include "store/profile.h"

#include <stdbool.h>
#include <stddef.h>

struct identities;

/* Asks the user for the passphrase of `file`. Writes at most size bytes with
 * the terminator and returns 0; 1 when there is nobody to ask (or the user
 * gave up), -1 on an error. */
typedef int (*identity_ask_fn)(void *user, const char *file, int attempt, char *buf, size_t size,
                               struct err *e);

/* Loads what the profile names, or without `identity` the default files
 * ~/.ssh/id_ed25519, id_ecdsa, id_rsa that exist. A key that is encrypted and
 * that the agent holds too is left to the agent, without a question; others
 * are asked for up to three times through ask (NULL: nobody to ask). A named
 * identity that is missing, unreadable, too open, or encrypted with nobody to
 * ask is ERR_AUTH; a default file in that state is passed over. */
struct identities *identities_load(const struct profile *p, identity_ask_fn ask, void *user, struct err *e);

void identities_free(struct identities *ids);

#endif
