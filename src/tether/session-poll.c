#include "tether/session-poll.h"

#include "base/mem.h"
#include "base/time.h"
#include "tether/liveness.h"
#include "tether/netlink.h"
#include "tether/route.h"
#include "tether/transit.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>

#define LATE_MS 1000  /* a timer that comes later than that: this process was stopped */
#define QUIET_MS 1000 /* so long without a packet, and the next one is the answer */

struct session_poll {
    uv_poll_t poll;
    uv_timer_t timer;
    int open_handles;
    int events;              /* that poll is started with */
    struct session *session; /* NULL once closed */
    const struct profile *profile;
    struct session_poll_owner owner;
    uint64_t packets_seen;
    struct liveness life;
    int64_t due_ms;               /* of the timer */
    struct sockaddr_storage here; /* the connection's own address ... */
    struct route route;           /* ... and its way, when they were last looked at */
    uint64_t measured_ns;         /* when the question was asked whose answer is timed; 0: none */
    int64_t round_trip_us;
    bool stranded; /* lost() comes from the timer: a check may be asked for anywhere */
};

static void schedule(struct session_poll *l);
static struct transit look_at_line(const struct session_poll *l);

/* ---- what was heard -------------------------------------------------------- */

static void listen_in(struct session_poll *l)
{
    uint64_t seen = session_packets_in(l->session);

    if (seen == l->packets_seen)
        return;
    bool looked = liveness_looks(&l->life);
    l->packets_seen = seen;
    liveness_heard(&l->life, time_mono_ms());
    if (looked)
        schedule(l);
    if (l->measured_ns != 0)
        l->round_trip_us = (int64_t)(uv_hrtime() - l->measured_ns) / 1000;
    l->measured_ns = 0;
}

/* The question has gone to the kernel with all that was before it. */
static void look_when_written(struct session_poll *l)
{
    if (!liveness_looks(&l->life) || l->life.written || session_congested(l->session))
        return;
    struct transit t = look_at_line(l);
    liveness_look(&l->life, time_mono_ms(), &t);
}

/* The owner closes the session from within lost(): nothing may follow it. */
static void pump(struct session_poll *l)
{
    struct err e = ERR_INIT;

    l->owner.dirty(l->owner.user);
    if (session_pump(l->session, &e) != 0)
        l->owner.lost(l->owner.user, &e);
    else
        listen_in(l);
    if (l->session != NULL)
        look_when_written(l);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct session_poll *l = poll->data;
    struct err e = ERR_INIT;

    (void)events;
    pump(l);
    /* libuv stops a handle that reports an error, so this cannot go on. */
    if (status < 0 && l->session != NULL) {
        err_set(&e, ERR_UNREACHABLE, "TCP", "the connection was lost");
        l->owner.lost(l->owner.user, &e);
    }
}

void session_poll_step(struct session_poll *l)
{
    /* Found out while writing: the descriptor may never say so. */
    if (session_lost(l->session)) {
        pump(l);
        return;
    }
    listen_in(l); /* every call of libssh's receives */
    look_when_written(l);
    int events = UV_READABLE | (session_congested(l->session) ? UV_WRITABLE : 0);
    if (events != l->events) {
        l->events = events;
        uv_poll_start(&l->poll, events, on_poll);
    }
}

/* ---- signs of life ----------------------------------------------------------- */

static struct transit look_at_line(const struct session_poll *l)
{
    struct transit t;

    transit_look(session_fd(l->session), &t);
    t.waits = session_congested(l->session);
    return t;
}

static void ask(struct session_poll *l)
{
    int64_t now = time_mono_ms();

    if (now - l->life.heard_ms >= QUIET_MS || l->round_trip_us < 0)
        l->measured_ns = uv_hrtime();
    session_keepalive(l->session);
    struct transit t = look_at_line(l);
    liveness_asked(&l->life, now, &t);
    l->owner.dirty(l->owner.user);
}

static void on_timer(uv_timer_t *timer);

static void schedule(struct session_poll *l)
{
    int64_t now = time_mono_ms();
    int64_t due = l->stranded ? now : liveness_due(&l->life, now);

    l->due_ms = due;
    if (due == INT64_MAX)
        uv_timer_stop(&l->timer);
    else
        uv_timer_start(&l->timer, on_timer, due > now ? (uint64_t)(due - now) : 1, 0);
}

static void silent(struct session_poll *l, int64_t now)
{
    struct err e = ERR_INIT;

    err_set(&e, ERR_UNREACHABLE, "keepalive", "%s has not answered for %" PRId64 " s", l->profile->host,
            (now - l->life.heard_ms + 500) / 1000);
    l->owner.lost(l->owner.user, &e);
}

static void stranded(struct session_poll *l)
{
    struct err e = ERR_INIT;

    err_set(&e, ERR_UNREACHABLE, "TCP",
            "this machine no longer has the address that the connection came from");
    l->owner.lost(l->owner.user, &e);
}

static void on_timer(uv_timer_t *timer)
{
    struct session_poll *l = timer->data;
    int64_t now = time_mono_ms();
    bool late = now > l->due_ms + LATE_MS;

    /* What has come may still lie in the socket. */
    pump(l);
    if (l->session == NULL)
        return;
    if (l->stranded) {
        stranded(l);
        return;
    }
    if (late) {
        /* This process stood still, and not the server: a question of before had no time
         * for its answer. */
        liveness_forget_doubt(&l->life);
        session_poll_check(l, true);
        return;
    }
    struct transit t = look_at_line(l);
    liveness_look(&l->life, now, &t);
    switch (liveness_verdict(&l->life, now)) {
    case LIVENESS_DEAD:
        silent(l, now);
        return;
    case LIVENESS_ASK:
        ask(l);
        break;
    case LIVENESS_WAIT:
        break;
    }
    schedule(l);
}

void session_poll_check(struct session_poll *l, bool doubt)
{
    const int64_t limit = l->life.limit_ms;
    int64_t patience = limit > 0 && limit < SESSION_POLL_CHECK_MS ? limit : SESSION_POLL_CHECK_MS;

    l->stranded = session_address_gone(l->session);
    if (doubt ? liveness_doubt(&l->life, time_mono_ms(), patience) : limit > 0)
        ask(l);
    schedule(l);
}

static void note_route(struct session_poll *l)
{
    struct sockaddr_storage peer = { .ss_family = AF_UNSPEC };
    socklen_t here = sizeof l->here, there = sizeof peer;

    if (getsockname(session_fd(l->session), (struct sockaddr *)&l->here, &here) != 0)
        l->here.ss_family = AF_UNSPEC;
    (void)getpeername(session_fd(l->session), (struct sockaddr *)&peer, &there);
    l->route = route_to((const struct sockaddr *)&peer);
}

bool session_poll_concerned(struct session_poll *l, const struct netlink_news *news)
{
    const struct route before = l->route;

    note_route(l);
    return netlink_concerns(news, (const struct sockaddr *)&l->here) || !route_same(&before, &l->route);
}

int64_t session_poll_round_trip_us(const struct session_poll *l)
{
    return l->round_trip_us;
}

/* ---- beginning and end ------------------------------------------------------- */

struct session_poll *session_poll_new(uv_loop_t *loop, struct session *s, const struct profile *p,
                                      const struct session_poll_owner *owner)
{
    struct session_poll *l = mem_alloc(sizeof *l);

    if (uv_poll_init(loop, &l->poll, session_fd(s)) != 0) {
        free(l);
        return NULL;
    }
    uv_timer_init(loop, &l->timer);
    l->open_handles = 2;
    l->poll.data = l->timer.data = l;
    l->session = s;
    l->profile = p;
    l->owner = *owner;
    l->packets_seen = session_packets_in(s);
    liveness_init(&l->life, p->keepalive_interval_ms * p->keepalive_count, p->keepalive_count,
                  time_mono_ms());
    l->round_trip_us = -1;
    note_route(l);
    if (l->life.limit_ms > 0)
        ask(l);
    schedule(l);
    return l;
}

static void on_closed(uv_handle_t *handle)
{
    struct session_poll *l = handle->data;

    if (--l->open_handles == 0)
        free(l);
}

void session_poll_close(struct session_poll *l)
{
    if (l == NULL || l->session == NULL)
        return;
    /* Before the session's descriptor goes. */
    uv_close((uv_handle_t *)&l->poll, on_closed);
    uv_close((uv_handle_t *)&l->timer, on_closed);
    session_free(l->session);
    l->session = NULL;
}
