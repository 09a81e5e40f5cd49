#include "ssh/dial.h"

#include "ssh/resolve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ADDRESSES_MAX 16 /* attempts in all, of one address or several */
#define STAGGER_MS 250
#define REPEAT_MS 500

struct race {
    const struct addrinfo *addrs[ADDRESSES_MAX];
    size_t count;
    size_t once; /* of count: what follows repeats them */
    size_t next; /* the first that was not tried yet */
    size_t told; /* of next, see tell() */
    int fds[ADDRESSES_MAX];
    int last_errno;
    char last_addr[INET6_ADDRSTRLEN];
};

/* Takes addresses in the resolver's order (RFC 6724), but alternates the
 * families so that a broken one costs one stagger only. */
static void interleave(struct race *r, const struct addrinfo *list)
{
    const struct addrinfo *first = list, *second = list;
    int family = list->ai_family;

    while (r->count < ADDRESSES_MAX && (first != NULL || second != NULL)) {
        while (first != NULL && first->ai_family != family)
            first = first->ai_next;
        while (second != NULL && second->ai_family == family)
            second = second->ai_next;
        if (first != NULL) {
            r->addrs[r->count++] = first;
            first = first->ai_next;
        }
        if (second != NULL && r->count < ADDRESSES_MAX) {
            r->addrs[r->count++] = second;
            second = second->ai_next;
        }
    }
}

static void note_failure(struct race *r, size_t i, int error)
{
    const struct sockaddr *sa = r->addrs[i]->ai_addr;
    const void *addr = sa->sa_family == AF_INET6
                           ? (const void *)&((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr
                           : (const void *)&((const struct sockaddr_in *)(const void *)sa)->sin_addr;

    r->last_errno = error;
    if (inet_ntop(sa->sa_family, addr, r->last_addr, sizeof r->last_addr) == NULL)
        r->last_addr[0] = '\0';
}

static void repeat(struct race *r)
{
    r->once = r->count;
    while (r->count < ADDRESSES_MAX) {
        r->addrs[r->count] = r->addrs[r->count - r->once];
        r->count++;
    }
}

/* Starts connecting to the next address; true when it connected at once. */
static int start_next(struct race *r)
{
    size_t i = r->next++;
    const struct addrinfo *ai = r->addrs[i];

    r->fds[i] = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (r->fds[i] >= 0 && connect(r->fds[i], ai->ai_addr, ai->ai_addrlen) == 0)
        return 1;
    if (r->fds[i] >= 0 && errno == EINPROGRESS)
        return 0;
    note_failure(r, i, errno);
    if (r->fds[i] >= 0)
        close(r->fds[i]);
    r->fds[i] = -1;
    return 0;
}

/* Looks at one descriptor that poll() reported: true when it is connected. */
static int finished(struct race *r, size_t i)
{
    int error = 0;
    socklen_t len = sizeof error;

    if (getsockopt(r->fds[i], SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error == 0)
        return 1;
    note_failure(r, i, error ? error : errno);
    close(r->fds[i]);
    r->fds[i] = -1;
    return 0;
}

/* Tells which address the wait is for: the one that was tried last. */
static void tell(struct race *r, const struct wait *w)
{
    char host[INET6_ADDRSTRLEN + 20], port[8], whom[sizeof host + sizeof port + 8];
    const struct addrinfo *ai = r->addrs[r->next - 1];

    if (r->told == r->next)
        return;
    r->told = r->next;
    if (getnameinfo(ai->ai_addr, ai->ai_addrlen, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return;
    snprintf(whom, sizeof whom, "%s port %s", host, port);
    wait_note(w, "TCP", whom);
}

enum { RACE_LOST = -1, RACE_TIMEOUT = -2, RACE_CANCELLED = -3 };

/* Waits for news of the attempts under way, at most until the stagger ends.
 * The index of a connected one, or how the waiting ended (RACE_LOST: no news,
 * go on). */
static int await(struct race *r, const struct wait *w, struct deadline stagger)
{
    struct pollfd fds[ADDRESSES_MAX + 1];
    int left = deadline_left(w->deadline);

    for (size_t i = 0; i < r->next; i++)
        fds[i] = (struct pollfd){ .fd = r->fds[i], .events = POLLOUT };
    fds[r->next] = (struct pollfd){ .fd = w->cancel_fd, .events = POLLIN };
    if (left == 0)
        return RACE_TIMEOUT;
    if (r->next < r->count && deadline_left(stagger) < left)
        left = deadline_left(stagger);
    if (poll(fds, r->next + 1, left) <= 0)
        return RACE_LOST;
    if (fds[r->next].revents != 0)
        return RACE_CANCELLED;
    for (size_t i = 0; i < r->next; i++)
        if (fds[i].fd >= 0 && fds[i].revents != 0 && finished(r, i))
            return (int)i;
    return RACE_LOST;
}

static int under_way(const struct race *r)
{
    for (size_t i = 0; i < r->next; i++)
        if (r->fds[i] >= 0)
            return 1;
    return 0;
}

static int run_race(struct race *r, const struct wait *w)
{
    struct deadline stagger = deadline_in(0);

    for (;;) {
        while (r->next < r->count && (deadline_left(stagger) == 0 || (!under_way(r) && r->next < r->once))) {
            /* Only silence is worth another try, not a refusal. */
            if (r->next >= r->once && !under_way(r))
                return RACE_LOST;
            stagger = deadline_in(r->next + 1 < r->once ? STAGGER_MS : REPEAT_MS);
            if (start_next(r))
                return (int)r->next - 1;
        }
        if (!under_way(r))
            return RACE_LOST;
        tell(r, w);
        int winner = await(r, w, stagger);
        if (winner != RACE_LOST)
            return winner;
    }
}

static int race_error(const struct race *r, int outcome, const char *host, int64_t port, struct err *e)
{
    if (outcome == RACE_CANCELLED)
        return err_set(e, ERR_FAILED, "TCP", "interrupted");
    if (outcome == RACE_TIMEOUT) {
        err_set(e, ERR_UNREACHABLE, "TCP", "%s port %" PRId64 " does not answer", host, port);
        return err_hint(e, "is the host up, and is a firewall or a VPN in between?");
    }
    err_set(e, ERR_UNREACHABLE, "TCP", "cannot connect to %s port %" PRId64 " (%s): %s", host, port,
            r->last_addr, strerror(r->last_errno));
    if (r->last_errno == ECONNREFUSED)
        return err_hint(e, "is sshd running on that host, and on that port?");
    if (r->last_errno == ECONNRESET)
        return err_hint(e, "something there ends connections at once: a firewall, or a full server");
    return err_hint(e, "is this machine's network up?");
}

void dial_limit_silence(int fd, int64_t ms)
{
#ifdef TCP_USER_TIMEOUT
    const unsigned value = ms < UINT_MAX ? (unsigned)ms : UINT_MAX;

    if (ms > 0)
        (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &value, sizeof value);
#else
    (void)fd;
    (void)ms;
#endif
}

int dial_addresses(const struct addrinfo *list, const char *host, int64_t port, const struct wait *w,
                   struct err *e)
{
    struct race r = { .count = 0 };
    const int on = 1;
    int fd = -1;

    for (size_t i = 0; i < ADDRESSES_MAX; i++)
        r.fds[i] = -1;
    interleave(&r, list);
    repeat(&r);

    int winner = run_race(&r, w);
    if (winner >= 0) {
        fd = r.fds[winner];
        r.fds[winner] = -1;
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    } else {
        race_error(&r, winner, host, port, e);
    }
    for (size_t i = 0; i < r.next; i++)
        if (r.fds[i] >= 0)
            close(r.fds[i]);
    return fd;
}

int dial_tcp(const char *host, int64_t port, const struct wait *w, struct err *e)
{
    struct addrinfo *list;

    if (resolve_host(host, port, w, &list, e) != 0)
        return -1;
    int fd = dial_addresses(list, host, port, w, e);
    freeaddrinfo(list);
    return fd;
}
