/* hostkey-internal: host keys as libssh has them. */
#ifndef DOCKTETHER_SSH_HOSTKEY_INTERNAL_H
#define DOCKTETHER_SSH_HOSTKEY_INTERNAL_H

#include "ssh/hostkey.h"
#include "ssh/libssh.h"
#include "ssh/session.h"

#include <stdbool.h>
#include <stddef.h>

/* 0, or -1 for a key of a type that cannot be pinned. */
int hostkey_describe(ssh_key key, struct hostkey *out);

void hostkeys_add(struct hostkeys *keys, const struct hostkey *key); /* unless it is there */

/* The key of the latest key exchange. */
int hostkey_of_session(struct session *s, struct hostkey *out, struct err *e);

/* Compares that key with the pins and notes the one that matches; name is the
 * profile's. 0, or -1 with ERR_HOSTKEY. */
int hostkey_check(struct session *s, const struct pins *pins, const char *name, struct err *e);

/* The algorithms by which a host can present the pinned keys (any key, without
 * pins), as libssh's SSH_OPTIONS_HOSTKEYS takes them; allocated. */
char *hostkey_algorithms(const struct pins *pins);

/* A host presents one key in a key exchange. One exchange for each kind shows
 * one key of each: Ed25519, ECDSA on whichever curve, RSA. */
#define HOSTKEY_KINDS 3
char *hostkey_kind_algorithms(size_t kind); /* as above */
bool hostkey_is_kind(const char *type, size_t kind);

#endif
