/* knownhosts: pins taken from a known_hosts file, on the user's demand only. */
#ifndef DOCKTETHER_SSH_KNOWNHOSTS_H
#define DOCKTETHER_SSH_KNOWNHOSTS_H

#include "base/mem.h"
#include "ssh/hostkey.h"

/* The name of a host there, "host" or "[host]:port"; allocated. */
char *knownhosts_name(const char *host, int64_t port);

/* One line without its marker, blanks between its fields. */
enum knownhosts_line { KNOWNHOSTS_TAKEN, KNOWNHOSTS_OTHER, KNOWNHOSTS_BROKEN };
enum knownhosts_line knownhosts_line(const char *name, const char *line, struct hostkey *key);

/* All keys that the file at path has for host:port: plain and hashed names,
 * [host]:port, patterns. Keys marked @revoked for that host are left out, and
 * @cert-authority lines too (libssh knows no host certificates). None is -1
 * with ERR_HOSTKEY and a hint; an unreadable file is ERR_FAILED. */
int knownhosts_read(const char *path, const char *host, int64_t port, struct hostkeys *keys, struct err *e);

/* The same out of several files, as ssh looks into them: a key that one of them
 * revokes is left out. What cannot be read is passed over; none is no error. */
void knownhosts_collect(const struct strv *paths, const char *host, int64_t port, struct hostkeys *keys);

#endif
