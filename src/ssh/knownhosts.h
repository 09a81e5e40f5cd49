/* knownhosts: pins taken from a known_hosts file, on the user's demand only. */
#ifndef DOCKTETHER_SSH_KNOWNHOSTS_H
#define DOCKTETHER_SSH_KNOWNHOSTS_H

#include "base/mem.h"
#include "ssh/hostkey.h"

/* All keys that the file at path has for host:port: plain and hashed names,
 * [host]:port, patterns. Keys marked @revoked for that host are left out, and
 * @cert-authority lines too (libssh knows no host certificates). None is -1
 * with ERR_HOSTKEY and a hint; an unreadable file is ERR_FAILED. */
int knownhosts_read(const char *path, const char *host, int64_t port, struct hostkeys *keys, struct err *e);

/* The same out of several files, as ssh looks into them: a key that one of them
 * revokes is left out. What cannot be read is passed over; none is no error. */
void knownhosts_collect(const struct strv *paths, const char *host, int64_t port, struct hostkeys *keys);

/* -1 with a reason and a hint when the file at path is there and cannot be read as
 * text: no permission, or UTF-16, which ssh does not read either. */
int knownhosts_check(const char *path, struct err *e);

#endif
