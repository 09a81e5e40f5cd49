#include "load.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One after the other in each place, all places on one poll(2). A time runs
 * from before connect(2) to the last byte of the answer; with --together and
 * with --keep from the request on. */

enum phase { IDLE, ASKING, DONE };

struct candidate {
    int fd; /* -1: none */
    enum phase phase;
    int64_t begun_ns, not_before_ns;
    size_t sent, got, body; /* body: bytes that are wanted after the head, once it is here */
    bool head;              /* the head is complete */
    char buf[4096];
};

struct run {
    const struct load *l;
    struct candidate *places;
    int64_t *times;
    size_t started, good, failures;
    char why[120];
    char request[512];
    size_t request_len;
};

static void fail(struct run *r, struct candidate *p, const char *what, int error)
{
    if (r->failures++ == 0)
        snprintf(r->why, sizeof r->why, "%.60s%s%.50s", what, error != 0 ? ": " : "",
                 error != 0 ? strerror(error) : "");
    if (p->fd >= 0)
        close(p->fd);
    p->fd = -1;
    p->phase = IDLE;
}

static void succeed(struct run *r, struct candidate *p)
{
    int64_t now = now_ns();

    r->times[r->good++] = now - p->begun_ns;
    if (!r->l->keep) {
        close(p->fd);
        p->fd = -1;
    }
    p->phase = IDLE;
    p->not_before_ns = now + r->l->gap_ns;
}

/* Sends what is left of the request; false when it failed. */
static bool ask(struct run *r, struct candidate *p)
{
    while (p->sent < r->request_len) {
        ssize_t n = send(p->fd, r->request + p->sent, r->request_len - p->sent, MSG_NOSIGNAL);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return true;
        if (n < 0) {
            fail(r, p, "send", errno);
            return false;
        }
        p->sent += (size_t)n;
    }
    return true;
}

static void begin(struct run *r, struct candidate *p)
{
    r->started++;
    p->begun_ns = now_ns();
    p->phase = ASKING;
    p->sent = p->got = p->body = 0;
    p->head = false;
    if (p->fd < 0)
        p->fd = address_connect(&r->l->to, SOCK_NONBLOCK);
    if (p->fd < 0)
        fail(r, p, "connect", errno);
    else
        (void)ask(r, p);
}

/* Looks for the end of the head, and in it for 200 and the length. */
static void read_head(struct run *r, struct candidate *p)
{
    p->buf[p->got] = '\0';
    const char *end = strstr(p->buf, "\r\n\r\n"), *length = strcasestr(p->buf, "\r\nContent-Length:");
    if (end == NULL)
        return;
    if (strncmp(p->buf, "HTTP/1.1 200 ", 13) != 0 || length == NULL || length > end) {
        p->buf[strcspn(p->buf, "\r")] = '\0';
        fail(r, p, p->buf, 0);
        return;
    }
    p->head = true;
    p->body = (size_t)(end + 4 - p->buf) + strtoul(length + 17, NULL, 10);
}

static void hear(struct run *r, struct candidate *p)
{
    if (p->got >= sizeof p->buf - 1) {
        fail(r, p, "a long answer", 0);
        return;
    }
    ssize_t n = recv(p->fd, p->buf + p->got, sizeof p->buf - 1 - p->got, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        fail(r, p, n == 0 ? "closed without an answer" : "recv", n == 0 ? 0 : errno);
        return;
    }
    p->got += (size_t)n;
    if (!p->head)
        read_head(r, p);
    if (p->phase == ASKING && p->head && p->got >= p->body)
        succeed(r, p);
}

static bool stopped(const struct run *r)
{
    return r->started >= r->l->count || (r->l->until != NULL && access(r->l->until, F_OK) == 0);
}

/* Starts what may start; the time until the next may, in ms, or -1. */
static int start(struct run *r)
{
    int64_t now = now_ns(), next = -1;

    for (size_t i = 0; i < r->l->width && !stopped(r); i++) {
        struct candidate *p = &r->places[i];
        if (p->phase != IDLE)
            continue;
        if (p->not_before_ns <= now)
            begin(r, p);
        else if (next < 0 || p->not_before_ns < next)
            next = p->not_before_ns;
    }
    return next < 0 ? -1 : (int)((next - now) / 1000000) + 1;
}

static bool busy(const struct run *r)
{
    for (size_t i = 0; i < r->l->width; i++)
        if (r->places[i].phase == ASKING)
            return true;
    return false;
}

static void turn(struct run *r, struct pollfd *fds, int timeout)
{
    for (size_t i = 0; i < r->l->width; i++) {
        struct candidate *p = &r->places[i];
        bool waits = p->phase == ASKING;
        fds[i] = (struct pollfd){ .fd = waits ? p->fd : -1,
                                  .events = p->sent < r->request_len ? POLLIN | POLLOUT : POLLIN };
    }
    /* A second at most: the deadlines are looked at now and then. */
    (void)poll(fds, r->l->width, timeout < 0 || timeout > 1000 ? 1000 : timeout);
    int64_t now = now_ns();
    for (size_t i = 0; i < r->l->width; i++) {
        struct candidate *p = &r->places[i];
        if (p->phase != ASKING)
            continue;
        if ((fds[i].revents & POLLOUT) != 0 && !ask(r, p))
            continue;
        if ((fds[i].revents & (POLLIN | POLLHUP | POLLERR)) != 0)
            hear(r, p);
        if (p->phase == ASKING && now - p->begun_ns > r->l->deadline_ns)
            fail(r, p, "no answer in time", 0);
    }
}

/* All connections before the first request. */
static void connect_all(struct run *r)
{
    for (size_t i = 0; i < r->l->width; i++) {
        struct candidate *p = &r->places[i];
        p->fd = address_connect(&r->l->to, SOCK_NONBLOCK);
        if (p->fd < 0) {
            r->started++;
            fail(r, p, "connect", errno);
            p->phase = DONE;
        }
    }
}

int load_ping(const struct load *l)
{
    struct run r = { .l = l };
    struct pollfd *fds = calloc(l->width, sizeof *fds);

    r.places = calloc(l->width, sizeof *r.places);
    r.times = calloc(l->count, sizeof *r.times);
    if (fds == NULL || r.places == NULL || r.times == NULL) {
        fputs("load: out of memory\n", stderr);
        return 1;
    }
    r.request_len =
        (size_t)snprintf(r.request, sizeof r.request, "GET %s HTTP/1.1\r\nHost: docker\r\n\r\n", l->path);
    for (size_t i = 0; i < l->width; i++)
        r.places[i].fd = -1;

    int64_t begun = now_ns();
    if (l->together)
        connect_all(&r);
    for (;;) {
        int timeout = start(&r);
        if (!busy(&r) && stopped(&r))
            break;
        if (!busy(&r) && timeout < 0)
            continue; /* all that was begun has failed at once */
        turn(&r, fds, timeout);
    }
    report(r.started, r.failures, r.failures > 0 ? r.why : NULL, now_ns() - begun, r.times, r.good);
    for (size_t i = 0; i < l->width; i++)
        if (r.places[i].fd >= 0)
            close(r.places[i].fd);
    free(r.places);
    free(r.times);
    free(fds);
    return r.failures > 0 ? 1 : 0;
}
