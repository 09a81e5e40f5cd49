/* resolve: names to addresses, with a deadline.
 *
 * getaddrinfo() cannot be interrupted, so it runs in a thread of its own; when
 * the deadline passes first, the thread is left to end by itself and frees what
 * it found. */
#ifndef DOCKTETHER_SSH_RESOLVE_H
#define DOCKTETHER_SSH_RESOLVE_H

#include "base/err.h"
#include "ssh/wait.h"

#include <netdb.h>
#include <stdint.h>

/* *list is to be freed with freeaddrinfo(). ERR_UNREACHABLE on failure. */
int resolve_host(const char *host, int64_t port, const struct wait *w, struct addrinfo **list, struct err *e);

#endif
