#include "tether/session-poll.h"

#include "base/mem.h"
#include "base/time.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>

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
    int64_t heard_ms;     /* when the last packet came */
    int64_t asked_ms;     /* when the last keepalive went out */
    int64_t due_ms;       /* of the timer */
    int64_t check_ms;     /* by then something must have come; 0: no check */
    uint64_t measured_ns; /* when the question was asked whose answer is timed; 0: none */
    int64_t round_trip_us;
    bool stranded; /* lost() comes from the timer: who asks for a check may be anywhere */
};

/* ---- what was heard -------------------------------------------------------- */

static void listen_in(struct session_poll *l)
{
    uint64_t seen = session_packets_in(l->session);

    if (seen == l->packets_seen)
        return;
    l->packets_seen = seen;
    l->heard_ms = time_mono_ms();
    l->check_ms = 0;
    if (l->measured_ns != 0)
        l->round_trip_us = (int64_t)(uv_hrtime() - l->measured_ns) / 1000;
    l->measured_ns = 0;
}

/* The owner closes the link from within lost(): nothing may follow it. */
static void pump(struct session_poll *l)
{
    struct err e = ERR_INIT;

    l->owner.dirty(l->owner.user);
    if (session_pump(l->session, &e) != 0)
        l->owner.lost(l->owner.user, &e);
    else
        listen_in(l);
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
    int events = UV_READABLE | (session_congested(l->session) ? UV_WRITABLE : 0);
    if (events != l->events) {
        l->events = events;
        uv_poll_start(&l->poll, events, on_poll);
    }
}

/* ---- signs of life ----------------------------------------------------------- */

static int64_t limit_ms(const struct session_poll *l)
{
    return l->profile->keepalive_interval_ms * l->profile->keepalive_count;
}

/* The last question has to be asked so early that its answer can come. */
static int64_t every_ms(const struct session_poll *l)
{
    return limit_ms(l) / (l->profile->keepalive_count + 1);
}

static void ask(struct session_poll *l)
{
    int64_t now = time_mono_ms();

    if (now - l->heard_ms >= QUIET_MS || l->round_trip_us < 0)
        l->measured_ns = uv_hrtime();
    l->asked_ms = now;
    session_keepalive(l->session);
    l->owner.dirty(l->owner.user);
}

static void on_timer(uv_timer_t *timer);

static void schedule(struct session_poll *l)
{
    int64_t now = time_mono_ms(), last = l->asked_ms > l->heard_ms ? l->asked_ms : l->heard_ms;
    int64_t due = INT64_MAX;

    if (limit_ms(l) > 0) {
        due = last + every_ms(l);
        if (l->heard_ms + limit_ms(l) < due)
            due = l->heard_ms + limit_ms(l);
    }
    if (l->check_ms != 0 && l->check_ms < due)
        due = l->check_ms;
    if (l->stranded)
        due = now;
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
            (now - l->heard_ms + 500) / 1000);
    l->owner.lost(l->owner.user, &e);
}

static void stranded(struct session_poll *l)
{
    struct err e = ERR_INIT;

    err_set(&e, ERR_UNREACHABLE, "TCP", "the connection's own address is not this machine's any more");
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
        /* It was us who were silent; a question of before had no time for its answer. */
        l->check_ms = 0;
        session_poll_check(l);
        return;
    }
    if ((l->check_ms != 0 && now >= l->check_ms) || (limit_ms(l) > 0 && now - l->heard_ms >= limit_ms(l))) {
        silent(l, now);
        return;
    }
    if (limit_ms(l) > 0 && now - l->heard_ms >= every_ms(l) && now - l->asked_ms >= every_ms(l))
        ask(l);
    schedule(l);
}

void session_poll_check(struct session_poll *l)
{
    int64_t patience =
        limit_ms(l) > 0 && limit_ms(l) < SESSION_POLL_CHECK_MS ? limit_ms(l) : SESSION_POLL_CHECK_MS;

    l->stranded = session_address_gone(l->session);
    /* One under way is not prolonged by another doubt. */
    if (l->check_ms == 0) {
        int64_t now = time_mono_ms();
        l->check_ms = now + patience;
        if (limit_ms(l) > 0 && now - l->heard_ms + patience > limit_ms(l))
            l->heard_ms = now + patience - limit_ms(l);
        ask(l);
    }
    schedule(l);
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
    l->heard_ms = time_mono_ms();
    l->round_trip_us = -1;
    if (limit_ms(l) > 0)
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
