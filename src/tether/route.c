#include "tether/route.h"

#include <stddef.h>
#include <string.h>

bool route_same(const struct route *a, const struct route *b)
{
    return a->known == b->known && a->interface == b->interface &&
           memcmp(a->gateway, b->gateway, sizeof a->gateway) == 0 &&
           memcmp(a->source, b->source, sizeof a->source) == 0;
}

#ifdef __linux__

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <unistd.h>

struct question {
    struct nlmsghdr header;
    struct rtmsg route;
    struct rtattr destination;
    unsigned char address[16];
};

/* 0 for what is neither IPv4 nor IPv6. */
static size_t put_address(struct question *q, const struct sockaddr *to)
{
    if (to->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)to;
        memcpy(q->address, &in->sin_addr, 4);
        return 4;
    }
    if (to->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)to;
        memcpy(q->address, &in6->sin6_addr, 16);
        return 16;
    }
    return 0;
}

static void take_attribute(struct route *r, unsigned short type, const unsigned char *value, size_t len)
{
    if (type == RTA_OIF && len == sizeof r->interface)
        memcpy(&r->interface, value, len);
    else if (type == RTA_GATEWAY && len <= sizeof r->gateway)
        memcpy(r->gateway, value, len);
    else if (type == RTA_PREFSRC && len <= sizeof r->source)
        memcpy(r->source, value, len);
}

static void read_answer(struct route *r, const unsigned char *answer, size_t size)
{
    size_t at = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct rtmsg));
    struct nlmsghdr header;
    struct rtattr a;

    memcpy(&header, answer, sizeof header);
    if (header.nlmsg_type != RTM_NEWROUTE || header.nlmsg_len > size)
        return;
    r->known = true;
    while (at + sizeof a <= header.nlmsg_len) {
        memcpy(&a, answer + at, sizeof a);
        if (a.rta_len < sizeof a || at + a.rta_len > header.nlmsg_len)
            return;
        take_attribute(r, a.rta_type, answer + at + sizeof a, a.rta_len - sizeof a);
        at += (a.rta_len + 3U) & ~3U;
    }
}

struct route route_to(const struct sockaddr *to)
{
    struct question q = { .header = { .nlmsg_type = RTM_GETROUTE, .nlmsg_flags = NLM_F_REQUEST } };
    struct route r = { .known = false };
    unsigned char answer[1024];
    size_t len = put_address(&q, to);

    if (len == 0)
        return r;
    q.header.nlmsg_len = (unsigned)(offsetof(struct question, address) + len);
    q.route.rtm_family = (unsigned char)to->sa_family;
    q.route.rtm_dst_len = (unsigned char)(len * 8);
    q.destination.rta_type = RTA_DST;
    q.destination.rta_len = (unsigned short)(sizeof q.destination + len);
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    if (fd < 0)
        return r;
    /* The kernel answers within send(). */
    if (send(fd, &q, q.header.nlmsg_len, 0) >= 0) {
        ssize_t n = recv(fd, answer, sizeof answer, 0);
        if (n >= (ssize_t)sizeof(struct nlmsghdr))
            read_answer(&r, answer, (size_t)n);
    }
    close(fd);
    return r;
}

#else

struct route route_to(const struct sockaddr *to)
{
    (void)to;
    return (struct route){ .known = false };
}

#endif
