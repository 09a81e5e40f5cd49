/* knownhosts-match: the names of a line of known_hosts (sshd(8), SSH_KNOWN_HOSTS FILE
 * FORMAT), matched as OpenSSH does. Pure. */
#ifndef DOCKTETHER_SSH_KNOWNHOSTS_MATCH_H
#define DOCKTETHER_SSH_KNOWNHOSTS_MATCH_H

#include <stdint.h>

/* How a host is called there, allocated: in lower case, an address in its shortest
 * spelling, with a port other than 22 as "[host]:port". */
char *knownhosts_name(const char *host, int64_t port);

/* Whether names, the first field of a line, names the host: patterns with * and ?
 * separated by commas, of which one that begins with ! and matches excludes the
 * host wherever it stands; or one hashed name. 1 or 0; -1 for a damaged hash. */
int knownhosts_match(const char *name, const char *names);

#endif
