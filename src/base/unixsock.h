/* unixsock: unix sockets that are named by a path. */
#ifndef DOCKTETHER_BASE_UNIXSOCK_H
#define DOCKTETHER_BASE_UNIXSOCK_H

#include "base/err.h"

#include <stdbool.h>
#include <sys/un.h>

/* The longest path that fits into a socket's address. */
#define UNIXSOCK_PATH_MAX (sizeof(((struct sockaddr_un *)0)->sun_path) - 1)

/* True when somebody listens there. That somebody sees a connection come and go. */
bool unixsock_listening(const char *path);

/* A listening unix socket, 0600, close-on-exec and non-blocking. A stale file
 * at path is removed first: call it with the lock held. -1 on an error, also
 * when somebody listens there already: a service manager. */
int unixsock_listen(const char *path, struct err *e);

#endif
