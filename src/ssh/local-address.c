#include "ssh/session-internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union address {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
};

static bool same_host(const union address *a, const union address *b)
{
    if (a->any.sa_family != b->any.sa_family)
        return false;
    if (a->any.sa_family == AF_INET)
        return a->in.sin_addr.s_addr == b->in.sin_addr.s_addr;
    return memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr, sizeof a->in6.sin6_addr) == 0;
}

/* The address that a packet to `there` would leave from; false without a route.
 * Connecting a datagram socket looks for one and sends nothing. */
static bool way_out(const union address *there, socklen_t len, union address *from)
{
    socklen_t size = sizeof *from;
    int fd = socket(there->any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return false;
    bool found = connect(fd, &there->any, len) == 0 && getsockname(fd, &from->any, &size) == 0;
    close(fd);
    return found;
}

static bool is_ours(const union address *a, socklen_t len)
{
    union address any_port = *a;
    int fd = socket(a->any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return true; /* not known */
    if (a->any.sa_family == AF_INET)
        any_port.in.sin_port = 0;
    else
        any_port.in6.sin6_port = 0;
    bool ours = bind(fd, &any_port.any, len) == 0 || errno != EADDRNOTAVAIL;
    close(fd);
    return ours;
}

bool session_address_gone(const struct session *s)
{
    union address here, there, now;
    socklen_t here_len = sizeof here, there_len = sizeof there;

    if (getsockname(s->poll_fd, &here.any, &here_len) != 0 || here_len > sizeof here ||
        (here.any.sa_family != AF_INET && here.any.sa_family != AF_INET6) ||
        getpeername(s->poll_fd, &there.any, &there_len) != 0 || there_len > sizeof there)
        return false;
    return way_out(&there, there_len, &now) && !same_host(&now, &here) && !is_ours(&here, here_len);
}
