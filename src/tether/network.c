#include "tether/network.h"

#ifdef __linux__

#include "base/mem.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define SETTLE_MS 250 /* an address seldom comes alone */
#define READS_PER_TURN 32

struct network {
    uv_poll_t poll;
    uv_timer_t timer;
    int open_handles;
    int fd;
    void (*changed)(void *user);
    void *user;
};

static bool message_matters(const struct nlmsghdr *h)
{
    const struct ifaddrmsg *address = NLMSG_DATA(h);
    const struct rtmsg *route = NLMSG_DATA(h);

    switch (h->nlmsg_type) {
    case RTM_NEWADDR:
    case RTM_DELADDR:
        return h->nlmsg_len >= NLMSG_LENGTH(sizeof *address) && address->ifa_scope < RT_SCOPE_LINK;
    case RTM_NEWROUTE:
    case RTM_DELROUTE:
        return h->nlmsg_len >= NLMSG_LENGTH(sizeof *route) && route->rtm_dst_len == 0 &&
               route->rtm_table == RT_TABLE_MAIN && route->rtm_type == RTN_UNICAST;
    default:
        return false;
    }
}

bool network_matters(const void *datagram, size_t len)
{
    int left = (int)len;

    for (const struct nlmsghdr *h = datagram; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left))
        if (message_matters(h))
            return true;
    return false;
}

static void on_settled(uv_timer_t *timer)
{
    struct network *nw = timer->data;

    nw->changed(nw->user);
}

static void on_news(uv_poll_t *poll, int status, int events)
{
    struct network *nw = poll->data;
    union {
        struct nlmsghdr header; /* for its alignment */
        char bytes[8192];
    } buf;
    bool matters = false;

    (void)status;
    (void)events;
    for (int i = 0; i < READS_PER_TURN; i++) {
        struct sockaddr_nl from = { 0 };
        socklen_t size = sizeof from;
        ssize_t n = recvfrom(nw->fd, &buf, sizeof buf, MSG_DONTWAIT, (struct sockaddr *)&from, &size);
        if (n < 0 && errno == EINTR)
            continue;
        /* News was lost for want of room: it may have mattered. */
        if (n < 0 && errno == ENOBUFS)
            matters = true;
        if (n < 0)
            break;
        /* Only the kernel is believed. */
        matters = matters || (from.nl_pid == 0 && network_matters(&buf, (size_t)n));
    }
    if (matters && !uv_is_active((uv_handle_t *)&nw->timer))
        uv_timer_start(&nw->timer, on_settled, SETTLE_MS, 0);
}

static int subscribe(void)
{
    struct sockaddr_nl sa = { .nl_family = AF_NETLINK,
                              .nl_groups = RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE |
                                           RTMGRP_IPV6_ROUTE };
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

    if (fd >= 0 && bind(fd, (struct sockaddr *)&sa, sizeof sa) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

struct network *network_new(uv_loop_t *loop, void (*changed)(void *user), void *user)
{
    struct network *nw = mem_alloc(sizeof *nw);

    nw->fd = subscribe();
    if (nw->fd < 0 || uv_poll_init(loop, &nw->poll, nw->fd) != 0) {
        if (nw->fd >= 0)
            close(nw->fd);
        free(nw);
        return NULL;
    }
    uv_timer_init(loop, &nw->timer);
    nw->open_handles = 2;
    nw->changed = changed;
    nw->user = user;
    nw->poll.data = nw->timer.data = nw;
    uv_poll_start(&nw->poll, UV_READABLE, on_news);
    return nw;
}

static void on_closed(uv_handle_t *handle)
{
    struct network *nw = handle->data;

    if (--nw->open_handles == 0)
        free(nw);
}

void network_close(struct network *nw)
{
    if (nw == NULL)
        return;
    uv_close((uv_handle_t *)&nw->poll, on_closed);
    uv_close((uv_handle_t *)&nw->timer, on_closed);
    close(nw->fd);
}

#else

struct network *network_new(uv_loop_t *loop, void (*changed)(void *user), void *user)
{
    (void)loop;
    (void)changed;
    (void)user;
    return NULL;
}

void network_close(struct network *nw)
{
    (void)nw;
}

bool network_matters(const void *datagram, size_t len)
{
    (void)datagram;
    (void)len;
    return false;
}

#endif
