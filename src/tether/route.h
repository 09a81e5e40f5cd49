/* route: the way that packets take from this machine to another (Linux: rtnetlink(7)). */
#ifndef DOCKTETHER_TETHER_ROUTE_H
#define DOCKTETHER_TETHER_ROUTE_H

#include <stdbool.h>
#include <sys/socket.h>

struct route {
    bool known; /* false: there is none, or the system cannot tell */
    int interface;
    unsigned char gateway[16]; /* zero: the other machine is on the link */
    unsigned char source[16];  /* the address that packets leave from */
};

/* The route to an address (AF_INET or AF_INET6); of any other address none is known. */
struct route route_to(const struct sockaddr *to);

bool route_same(const struct route *a, const struct route *b);

#endif
