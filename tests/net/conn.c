#include "wire.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

#define READS_PER_TURN 4
#define DRAIN_MS 3000 /* for what comes in after a FIN of ours, which a close would answer with a RST */
#define BUFFER 262144 /* of the kernel's, an end of the wire: no second queue beside the lane's */

enum stage { STAGE_WAITING, STAGE_CONNECTING, STAGE_OPEN, STAGE_DRAINING, STAGE_CLOSED };

struct side {
    int fd;
    uv_poll_t poll;
    int armed;
    bool at_end;
};

struct conn {
    struct conn *prev, *next;
    struct wire *wire;
    enum stage stage;
    uint64_t id;
    int64_t began_us;
    struct side near, far; /* who connected, and the target */
    struct lane lanes[2];
    uv_timer_t due[2], timer;
    int open_handles;
    uint64_t bytes[2], turnarounds;
    int flows; /* the direction of the last bytes, or -1 */
};

static void update(struct conn *c);

/* ---- the end --------------------------------------------------------------- */

void conn_counts(const struct conn *c, struct counts *n)
{
    *n = (struct counts){ .id = c->id,
                          .bytes = { c->bytes[UP], c->bytes[DOWN] },
                          .turnarounds = c->turnarounds,
                          .age_ms = (wire_now_us() - c->began_us) / 1000 };
}

static void unlist(struct conn *c)
{
    struct wire *w = c->wire;

    *(c->prev != NULL ? &c->prev->next : &w->first) = c->next;
    *(c->next != NULL ? &c->next->prev : &w->last) = c->prev;
    w->open--;
    conn_counts(c, &w->past[w->past_count++ % PAST_MAX]);
}

static void on_closed(uv_handle_t *handle)
{
    struct conn *c = handle->data;

    if (--c->open_handles > 0)
        return;
    lane_clear(&c->lanes[UP]);
    lane_clear(&c->lanes[DOWN]);
    free(c);
}

static void close_side(struct side *s, bool reset)
{
    const struct linger hard = { .l_onoff = 1, .l_linger = 0 };

    if (s->fd < 0)
        return;
    uv_close((uv_handle_t *)&s->poll, on_closed);
    if (reset)
        (void)setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close(s->fd);
    s->fd = -1;
}

static void conn_close(struct conn *c, bool reset)
{
    if (c->stage == STAGE_CLOSED)
        return;
    c->stage = STAGE_CLOSED;
    unlist(c);
    close_side(&c->near, reset);
    close_side(&c->far, reset);
    uv_close((uv_handle_t *)&c->due[UP], on_closed);
    uv_close((uv_handle_t *)&c->due[DOWN], on_closed);
    uv_close((uv_handle_t *)&c->timer, on_closed);
}

static void on_drained(uv_timer_t *timer)
{
    conn_close(timer->data, false);
}

/* Says goodbye to both, and lets neither hear that what it still says is lost. */
static void drain(struct conn *c)
{
    if (c->stage != STAGE_OPEN) {
        conn_close(c, false);
        return;
    }
    c->stage = STAGE_DRAINING;
    (void)shutdown(c->near.fd, SHUT_WR);
    (void)shutdown(c->far.fd, SHUT_WR);
    uv_timer_start(&c->timer, on_drained, DRAIN_MS, 0);
    update(c);
}

static void cut(struct conn *c, enum what how)
{
    c->wire->cuts++;
    if (how == FAULT_FIN)
        drain(c);
    else
        conn_close(c, true);
}

size_t conn_cut_all(struct wire *w, enum what how)
{
    size_t count = 0;

    for (struct conn *c = w->first, *next; c != NULL; c = next) {
        next = c->next;
        if (c->stage == STAGE_DRAINING)
            continue;
        cut(c, how);
        count++;
    }
    return count;
}

/* ---- bytes ----------------------------------------------------------------- */

static void count_in(struct conn *c, enum dir dir, size_t len)
{
    struct wire *w = c->wire;

    if (len == 0)
        return;
    c->bytes[dir] += len;
    w->bytes[dir] += len;
    if (c->flows >= 0 && c->flows != (int)dir) {
        c->turnarounds++;
        w->turnarounds++;
    }
    c->flows = (int)dir;
}

/* False when the connection is no more what it was. */
static bool write_lane(struct conn *c, enum dir dir)
{
    switch (lane_write(&c->lanes[dir])) {
    case LANE_ON:
        return true;
    case LANE_OVER:
        if (c->lanes[!dir].over) {
            conn_close(c, false);
            return false;
        }
        return true;
    case LANE_CUT_FIN:
        cut(c, FAULT_FIN);
        return false;
    case LANE_CUT_RST:
        cut(c, FAULT_RST);
        return false;
    case LANE_BROKEN:
        break;
    }
    conn_close(c, true);
    return false;
}

static void read_lane(struct conn *c, enum dir dir)
{
    for (int i = 0; i < READS_PER_TURN && lane_wants(&c->lanes[dir]); i++) {
        size_t n = lane_read(&c->lanes[dir]);
        count_in(c, dir, n);
        if (n == 0)
            return;
    }
}

static void discard(struct conn *c, struct side *s)
{
    char waste[65536];

    for (int i = 0; i < READS_PER_TURN; i++) {
        ssize_t n = recv(s->fd, waste, sizeof waste, MSG_DONTWAIT);
        if (n > 0)
            continue;
        s->at_end = n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
        break;
    }
    if (c->near.at_end && c->far.at_end)
        conn_close(c, false);
}

static void on_connected(struct conn *c)
{
    int problem = 0;
    socklen_t len = sizeof problem;

    if (getsockopt(c->far.fd, SOL_SOCKET, SO_ERROR, &problem, &len) != 0 || problem != 0)
        conn_close(c, true);
    else
        c->stage = STAGE_OPEN;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct conn *c = poll->data;
    bool near = poll == &c->near.poll;
    struct side *side = near ? &c->near : &c->far;
    enum dir in = near ? UP : DOWN;

    if (c->stage == STAGE_CONNECTING && !near)
        on_connected(c);
    else if (c->stage == STAGE_DRAINING)
        discard(c, side);
    else if (c->stage == STAGE_OPEN && status < 0)
        conn_close(c, true);
    else if (c->stage == STAGE_OPEN) {
        if (events & UV_WRITABLE)
            c->lanes[!in].blocked = false;
        if (events & UV_READABLE)
            read_lane(c, in);
    }
    update(c);
}

static void on_due(uv_timer_t *timer)
{
    update(timer->data);
}

/* ---- what is waited for ------------------------------------------------------ */

static void arm(struct side *s, int events)
{
    if (s->fd < 0 || events == s->armed)
        return;
    s->armed = events;
    if (events == 0)
        uv_poll_stop(&s->poll);
    else
        uv_poll_start(&s->poll, events, on_poll);
}

static int wanted(struct conn *c, enum dir in)
{
    return (lane_wants(&c->lanes[in]) ? UV_READABLE : 0) | (c->lanes[!in].blocked ? UV_WRITABLE : 0);
}

static void start_due(struct conn *c, enum dir dir)
{
    int64_t ms = lane_due_ms(&c->lanes[dir]);

    if (ms < 0) {
        uv_timer_stop(&c->due[dir]);
        return;
    }
    /* The loop's own time is as old as this turn of it. */
    uv_update_time(&c->wire->loop);
    uv_timer_start(&c->due[dir], on_due, (uint64_t)ms, 0);
}

static void update(struct conn *c)
{
    if (c->stage == STAGE_DRAINING) {
        arm(&c->near, c->near.at_end ? 0 : UV_READABLE);
        arm(&c->far, c->far.at_end ? 0 : UV_READABLE);
    } else if (c->stage == STAGE_CONNECTING) {
        arm(&c->far, UV_WRITABLE);
    } else if (c->stage == STAGE_OPEN) {
        for (int dir = UP; dir <= DOWN; dir++)
            if (!c->lanes[dir].blocked && !write_lane(c, (enum dir)dir))
                return;
        arm(&c->near, wanted(c, UP));
        arm(&c->far, wanted(c, DOWN));
        start_due(c, UP);
        start_due(c, DOWN);
    }
}

/* ---- the beginning ----------------------------------------------------------- */

static int open_far(struct conn *c)
{
    const int one = 1, buffer = BUFFER;
    struct wire *w = c->wire;
    int fd = socket(w->to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    if (w->to.ss_family != AF_UNIX)
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(fd, (struct sockaddr *)&w->to, w->to_len) != 0 && errno != EINPROGRESS) {
        close(fd);
        return -1;
    }
    c->far.fd = fd;
    uv_poll_init(&w->loop, &c->far.poll, fd);
    c->far.poll.data = c;
    c->open_handles++;
    return 0;
}

static void on_syn_arrived(uv_timer_t *timer)
{
    struct conn *c = timer->data;

    if (c->stage != STAGE_WAITING || c->wire->blackhole)
        return;
    if (open_far(c) != 0) {
        conn_close(c, true);
        return;
    }
    c->lanes[UP].from = c->lanes[DOWN].to = c->near.fd;
    c->lanes[UP].to = c->lanes[DOWN].from = c->far.fd;
    c->stage = STAGE_CONNECTING;
    update(c);
}

/* The kernel has shaken hands at once; on a line as long as this it would have
 * taken a round trip. */
static void begin(struct conn *c)
{
    uv_update_time(&c->wire->loop);
    uv_timer_start(&c->timer, on_syn_arrived, (uint64_t)(2 * c->wire->delay_us / 1000), 0);
}

void conn_new(struct wire *w, int fd)
{
    const int one = 1;
    struct conn *c = wire_alloc(sizeof *c);

    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    *c = (struct conn){ .wire = w, .id = ++w->connections, .began_us = wire_now_us(), .flows = -1 };
    c->near.fd = fd;
    c->far.fd = -1;
    uv_poll_init(&w->loop, &c->near.poll, fd);
    uv_timer_init(&w->loop, &c->due[UP]);
    uv_timer_init(&w->loop, &c->due[DOWN]);
    uv_timer_init(&w->loop, &c->timer);
    c->open_handles = 4;
    c->near.poll.data = c->due[UP].data = c->due[DOWN].data = c->timer.data = c;
    for (int dir = UP; dir <= DOWN; dir++)
        c->lanes[dir] = (struct lane){ .wire = w, .dir = (enum dir)dir };
    c->prev = w->last;
    *(w->last != NULL ? &w->last->next : &w->first) = c;
    w->last = c;
    w->open++;
    begin(c);
}

/* ---- all of them ------------------------------------------------------------- */

const struct conn *conn_next(const struct conn *c)
{
    return c->next;
}

/* The first becomes the last, so that none has the line for itself. */
static void rotate(struct wire *w)
{
    struct conn *c = w->first;

    if (c == NULL || c == w->last)
        return;
    w->first = c->next;
    w->first->prev = NULL;
    c->prev = w->last;
    c->next = NULL;
    w->last->next = c;
    w->last = c;
}

void conn_update_all(struct wire *w)
{
    rotate(w);
    for (struct conn *c = w->first, *next; c != NULL; c = next) {
        next = c->next;
        if (c->stage == STAGE_WAITING && !w->blackhole && !uv_is_active((uv_handle_t *)&c->timer))
            begin(c);
        else
            update(c);
    }
}

void conn_reset_counts(struct wire *w)
{
    for (struct conn *c = w->first; c != NULL; c = c->next) {
        c->bytes[UP] = c->bytes[DOWN] = c->turnarounds = 0;
        c->flows = -1;
    }
}
