/* dial: a TCP connection to a host, all its addresses raced (RFC 8305): the
 * next address is tried when the one before failed or has not answered within
 * 250 ms, families alternating, and the first to connect wins. While there is
 * only silence, one is tried anew every half second, 16 attempts in all: the
 * kernel's own next ones come after 1, 3 and 7 s, too late for a network that
 * has just come back. */
#ifndef DOCKTETHER_SSH_DIAL_H
#define DOCKTETHER_SSH_DIAL_H

#include "base/err.h"
#include "ssh/wait.h"

#include <netdb.h>
#include <stdint.h>

/* Another way to a stream than TCP from here, e.g. out of another session:
 * called in place of dial_tcp(), with its contract. */
struct dial_way {
    int (*dial)(void *user, const struct wait *w, struct err *e); /* NULL: by TCP */
    void *user;
};

/* As a last guard against silence: unacknowledged data ends the connection
 * after ms (TCP_USER_TIMEOUT, RFC 5482), where the system knows that and fd is
 * TCP. */
void dial_limit_silence(int fd, int64_t ms);

/* A connected descriptor (close-on-exec, non-blocking, TCP_NODELAY), which is
 * the caller's, or -1 with ERR_UNREACHABLE. Blocks until the deadline. */
int dial_tcp(const char *host, int64_t port, const struct wait *w, struct err *e);

/* The same for what resolve_host() has answered; host is for messages. */
int dial_addresses(const struct addrinfo *list, const char *host, int64_t port, const struct wait *w,
                   struct err *e);

#endif
