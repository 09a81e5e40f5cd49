/* netlink: notices that this machine's way to others has changed: an address
 * came or went, or a default route (Linux: rtnetlink(7); elsewhere never). */
#ifndef DOCKTETHER_TETHER_NETLINK_H
#define DOCKTETHER_TETHER_NETLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

struct netlink;

/* changed() comes once for a burst of news, a moment after its begin. NULL
 * where the system cannot tell. */
struct netlink *netlink_new(uv_loop_t *loop, void (*changed)(void *user), void *user);

/* n may be NULL. */
void netlink_close(struct netlink *n);

/* Whether a datagram of netlink's tells of such a change. Containers that come
 * and go on this machine do not make one: their ends have addresses of the link
 * alone. Exposed for its test. */
bool netlink_matters(const void *datagram, size_t len);

#endif
