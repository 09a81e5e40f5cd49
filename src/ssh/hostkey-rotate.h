/* hostkey-rotate: the keys of a host, shown over a connection that one of its pinned
 * keys vouches for.
 *
 * A host presents one key in a key exchange, so a scan needs a connection for
 * each, and nothing authenticates those. Here the host first proves a pinned
 * key and lets the user log in; then, inside that connection, the key exchange
 * is repeated (RFC 4253 9) with other algorithms for the host's key. What it
 * presents there nobody in between could have put in, and its signature over
 * the exchange proves that it holds the key. OpenSSH's hostkeys-00 and
 * hostkeys-prove-00 would tell the same; libssh has no way to speak them. */
#ifndef DOCKTETHER_SSH_HOSTKEY_ROTATE_H
#define DOCKTETHER_SSH_HOSTKEY_ROTATE_H

#include "ssh/connect.h"
#include "ssh/hostkey.h"

/* keys (empty before) gets the pinned key that vouches, then the others: one a
 * type, and of ECDSA also every curve that is pinned. A second key of a type
 * that the host has is never seen. Blocks like connect_host(), once a pinned
 * type at most, and about a second a key. ERR_HOSTKEY when the host proves none
 * of the pinned keys; otherwise the errors of connect_host(). */
int hostkey_rotate_collect(const struct connect_request *rq, struct hostkeys *keys, struct err *e);

#endif
