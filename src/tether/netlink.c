#include "tether/netlink.h"

#ifdef __linux__

#include "base/mem.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SETTLE_MS 250 /* an address seldom comes alone */
#define READS_PER_TURN 32

struct netlink {
    uv_poll_t poll;
    uv_timer_t timer;
    int open_handles;
    int fd;
    struct netlink_news news;
    void (*changed)(void *user, const struct netlink_news *news);
    void *user;
};

/* What follows the header, copied: <linux/netlink.h>'s own macros cast constness
 * and signs away. False when the message is too short for it. */
static bool body(const struct nlmsghdr *h, const void *at, void *out, size_t size)
{
    if (h->nlmsg_len < NLMSG_HDRLEN + size)
        return false;
    memcpy(out, (const char *)at + NLMSG_HDRLEN, size);
    return true;
}

static void add_address(struct netlink_news *news, unsigned char family, const char *value, size_t len)
{
    if (len > sizeof news->addresses->address || news->count == NETLINK_ADDRESSES_MAX) {
        news->incomplete = true;
        return;
    }
    memset(&news->addresses[news->count], 0, sizeof *news->addresses);
    memcpy(news->addresses[news->count].address, value, len);
    news->addresses[news->count++].family = family;
}

/* IFA_LOCAL is this machine's end where the other one has an address, too; else IFA_ADDRESS is. */
static void note_address(const struct nlmsghdr *h, const char *at, unsigned char family,
                         struct netlink_news *news)
{
    size_t offset = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct ifaddrmsg));
    struct rtattr a;

    while (offset + sizeof a <= h->nlmsg_len) {
        memcpy(&a, at + offset, sizeof a);
        if (a.rta_len < sizeof a || offset + a.rta_len > h->nlmsg_len)
            return;
        if (a.rta_type == IFA_LOCAL || a.rta_type == IFA_ADDRESS)
            add_address(news, family, at + offset + sizeof a, a.rta_len - sizeof a);
        offset += (a.rta_len + 3U) & ~3U;
    }
}

static bool message_matters(const struct nlmsghdr *h, const void *at, struct netlink_news *news)
{
    struct ifaddrmsg address;
    struct rtmsg route;

    switch (h->nlmsg_type) {
    case RTM_NEWADDR:
    case RTM_DELADDR:
        if (!body(h, at, &address, sizeof address) || address.ifa_scope >= RT_SCOPE_LINK)
            return false;
        if (news != NULL)
            note_address(h, at, address.ifa_family, news);
        return true;
    case RTM_NEWROUTE:
    case RTM_DELROUTE:
        return body(h, at, &route, sizeof route) && route.rtm_dst_len == 0 &&
               route.rtm_table == RT_TABLE_MAIN && route.rtm_type == RTN_UNICAST;
    default:
        return false;
    }
}

bool netlink_matters(const void *datagram, size_t len, struct netlink_news *news)
{
    const char *at = datagram;
    bool matters = false;
    struct nlmsghdr h;

    while (len >= sizeof h) {
        memcpy(&h, at, sizeof h);
        if (h.nlmsg_len < sizeof h || h.nlmsg_len > len)
            break;
        matters = message_matters(&h, at, news) || matters;
        size_t step = (h.nlmsg_len + (size_t)NLMSG_ALIGNTO - 1) & ~((size_t)NLMSG_ALIGNTO - 1);
        if (step >= len)
            break;
        at += step;
        len -= step;
    }
    return matters;
}

bool netlink_concerns(const struct netlink_news *news, const struct sockaddr *own)
{
    unsigned char address[16] = { 0 };

    if (own->sa_family == AF_INET)
        memcpy(address, &((const struct sockaddr_in *)(const void *)own)->sin_addr, 4);
    else if (own->sa_family == AF_INET6)
        memcpy(address, &((const struct sockaddr_in6 *)(const void *)own)->sin6_addr, 16);
    else
        return false;
    for (size_t i = 0; i < news->count; i++)
        if (news->addresses[i].family == own->sa_family &&
            memcmp(news->addresses[i].address, address, sizeof address) == 0)
            return true;
    return news->incomplete;
}

static void on_settled(uv_timer_t *timer)
{
    struct netlink *n = timer->data;

    const struct netlink_news news = n->news;

    memset(&n->news, 0, sizeof n->news);
    n->changed(n->user, &news);
}

/* 1: something was read. 0: there is nothing. -1: an error, which the read has
 * taken off the socket. */
static int read_news(struct netlink *n, bool *matters)
{
    union {
        struct nlmsghdr header; /* for its alignment */
        char bytes[8192];
    } buf;
    struct sockaddr_nl from = { 0 };
    socklen_t size = sizeof from;
    ssize_t got;

    while ((got = recvfrom(n->fd, &buf, sizeof buf, MSG_DONTWAIT, (struct sockaddr *)&from, &size)) < 0 &&
           errno == EINTR)
        continue;
    if (got < 0)
        return errno == EAGAIN ? 0 : -1;
    /* Only the kernel is believed. */
    *matters = *matters || (from.nl_pid == 0 && netlink_matters(&buf, (size_t)got, &n->news));
    return 1;
}

static void on_news(uv_poll_t *poll, int status, int events)
{
    struct netlink *n = poll->data;
    bool matters = false, lost = false;
    int rc = 1;

    (void)events;
    for (int i = 0; i < READS_PER_TURN && rc != 0; i++) {
        rc = read_news(n, &matters);
        lost = lost || rc < 0;
    }
    /* The kernel had no room for news (ENOBUFS): it may have mattered. */
    matters = matters || lost;
    n->news.incomplete = n->news.incomplete || lost;
    /* It says so with EPOLLERR, too, at which libuv (1.44.2, uv__poll_io) stops
     * the handle. An error that no read has taken off the socket, or not for
     * good, would be reported without end: then nothing more is heard. */
    if (status < 0 && lost && rc >= 0)
        uv_poll_start(poll, UV_READABLE, on_news);
    if (matters && !uv_is_active((uv_handle_t *)&n->timer))
        uv_timer_start(&n->timer, on_settled, SETTLE_MS, 0);
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

struct netlink *netlink_new(uv_loop_t *loop, void (*changed)(void *user, const struct netlink_news *news),
                            void *user)
{
    struct netlink *n = mem_alloc(sizeof *n);

    n->fd = subscribe();
    if (n->fd < 0 || uv_poll_init(loop, &n->poll, n->fd) != 0) {
        if (n->fd >= 0)
            close(n->fd);
        free(n);
        return NULL;
    }
    uv_timer_init(loop, &n->timer);
    n->open_handles = 2;
    n->changed = changed;
    n->user = user;
    n->poll.data = n->timer.data = n;
    uv_poll_start(&n->poll, UV_READABLE, on_news);
    return n;
}

static void on_closed(uv_handle_t *handle)
{
    struct netlink *n = handle->data;

    if (--n->open_handles == 0)
        free(n);
}

void netlink_close(struct netlink *n)
{
    if (n == NULL)
        return;
    uv_close((uv_handle_t *)&n->poll, on_closed);
    uv_close((uv_handle_t *)&n->timer, on_closed);
    close(n->fd);
}

#else

struct netlink *netlink_new(uv_loop_t *loop, void (*changed)(void *user, const struct netlink_news *news),
                            void *user)
{
    (void)loop;
    (void)changed;
    (void)user;
    return NULL;
}

void netlink_close(struct netlink *n)
{
    (void)n;
}

bool netlink_matters(const void *datagram, size_t len, struct netlink_news *news)
{
    (void)datagram;
    (void)len;
    (void)news;
    return false;
}

bool netlink_concerns(const struct netlink_news *news, const struct sockaddr *own)
{
    (void)news;
    (void)own;
    return false;
}

#endif
