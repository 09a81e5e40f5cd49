/* netlink: notices that this machine's network has changed: an address
 * came or went, or a default route (Linux: rtnetlink(7); elsewhere never). */
#ifndef DOCKTETHER_TETHER_NETLINK_H
#define DOCKTETHER_TETHER_NETLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <uv.h>

struct netlink;

#define NETLINK_ADDRESSES_MAX 16

/* A burst of news. */
struct netlink_news {
    bool incomplete; /* some was lost, or there were too many addresses */
    size_t count;    /* of addresses that came or went */
    struct {
        unsigned char family, address[16];
    } addresses[NETLINK_ADDRESSES_MAX];
};

/* changed() comes once for a burst of news, a moment after its begin. NULL
 * where the system cannot tell. */
struct netlink *netlink_new(uv_loop_t *loop, void (*changed)(void *user, const struct netlink_news *news),
                            void *user);

/* Whether the address may be among those that came or went. False for one that is neither
 * IPv4 nor IPv6. */
bool netlink_concerns(const struct netlink_news *news, const struct sockaddr *own);

/* n may be NULL. */
void netlink_close(struct netlink *n);

/* Whether a datagram of netlink's tells of such a change; its addresses are added to news
 * (may be NULL). Containers that come
 * and go on this machine do not make one: their ends have addresses of the link
 * alone. Exposed for its test. */
bool netlink_matters(const void *datagram, size_t len, struct netlink_news *news);

#endif
