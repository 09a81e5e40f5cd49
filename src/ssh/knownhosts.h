/* knownhosts: pins taken from a known_hosts file, on the user's demand only. */
#ifndef DOCKTETHER_SSH_KNOWNHOSTS_H
#define DOCKTETHER_SSH_KNOWNHOSTS_H

#include "base/mem.h"
#include "ssh/hostkey.h"

/* All keys that the file at path has for host:port, found as ssh finds them: see
 * ssh/knownhosts-match.h; a host on a port other than 22 that has no key under its
 * own name has those of the host without a port. Keys that are marked @revoked
 * under either name are left out, and @cert-authority lines too (libssh knows no
 * host certificates). None is -1 with ERR_HOSTKEY and a hint; an unreadable file
 * is ERR_FAILED, as is one with more than a thousand keys for the host. */
int knownhosts_read(const char *path, const char *host, int64_t port, struct hostkeys *keys, struct err *e);

/* The same out of several files, as ssh looks into them: a key that one of them
 * revokes is left out. What cannot be read is passed over; none is no error. */
void knownhosts_collect(const struct strv *paths, const char *host, int64_t port, struct hostkeys *keys);

#endif
