/* unixsock: unix stream sockets that are named by a path. */
#ifndef DOCKTETHER_BASE_UNIXSOCK_H
#define DOCKTETHER_BASE_UNIXSOCK_H

#include "base/err.h"
#include "base/time.h"

#include <stdbool.h>
#include <sys/un.h>

/* The longest path that fits into a socket's address. */
#define UNIXSOCK_PATH_MAX (sizeof(((struct sockaddr_un *)0)->sun_path) - 1)

/* Fills *sa. 0, or -1 with errno ENAMETOOLONG when the path does not fit. */
int unixsock_address(struct sockaddr_un *sa, const char *path);

/* Connects to the socket at path without waiting: a descriptor (the caller's),
 * close-on-exec and non-blocking. -1 with errno; EAGAIN when the listener's queue
 * is full. */
int unixsock_try_connect(const char *path);

/* Connects to the socket at path, and waits until the deadline while the listener's
 * queue is full: a descriptor (the caller's), close-on-exec and blocking. -1 with
 * errno; EAGAIN after the deadline. */
int unixsock_connect(const char *path, struct deadline d);

/* True when a process listens on path. That process sees a connection come and go. */
bool unixsock_listening(const char *path);

/* A listening unix socket, 0600, close-on-exec and non-blocking. A stale file
 * at path is removed first: call it with the lock held. -1 on an error, also
 * when another process listens there already, as a service manager may. */
int unixsock_listen(const char *path, struct err *e);

#endif
