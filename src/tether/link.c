#include "tether/link.h"

#include "base/mem.h"

#include <inttypes.h>
#include <stdlib.h>

struct link {
    uv_poll_t poll;
    uv_timer_t keepalive;
    int open_handles;
    int events;              /* that poll is started with */
    struct session *session; /* NULL once closed */
    const struct profile *profile;
    struct link_owner owner;
    uint64_t packets_seen; /* the counter at the last tick */
    int64_t unanswered;
};

/* The owner closes the link from within lost(): nothing may follow it. */
static void pump(struct link *l)
{
    struct err e = ERR_INIT;

    l->owner.dirty(l->owner.user);
    if (session_pump(l->session, &e) != 0)
        l->owner.lost(l->owner.user, &e);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct link *l = poll->data;
    struct err e = ERR_INIT;

    (void)events;
    pump(l);
    /* libuv stops a handle that reports an error, so this cannot go on. */
    if (status < 0 && l->session != NULL) {
        err_set(&e, ERR_UNREACHABLE, "TCP", "the connection was lost");
        l->owner.lost(l->owner.user, &e);
    }
}

void link_step(struct link *l)
{
    /* Found out while writing: the descriptor may never say so. */
    if (session_lost(l->session)) {
        pump(l);
        return;
    }
    int events = UV_READABLE | (session_congested(l->session) ? UV_WRITABLE : 0);
    if (events != l->events) {
        l->events = events;
        uv_poll_start(&l->poll, events, on_poll);
    }
}

static void on_keepalive(uv_timer_t *timer)
{
    struct link *l = timer->data;
    const struct profile *p = l->profile;
    uint64_t seen = session_packets_in(l->session);
    struct err e = ERR_INIT;

    l->unanswered = seen == l->packets_seen ? l->unanswered + 1 : 0;
    l->packets_seen = seen;
    if (l->unanswered >= p->keepalive_count) {
        err_set(&e, ERR_UNREACHABLE, "keepalive", "%s has not answered for %" PRId64 " s", p->host,
                p->keepalive_interval_ms * p->keepalive_count / 1000);
        l->owner.lost(l->owner.user, &e);
        return;
    }
    session_keepalive(l->session);
    l->owner.dirty(l->owner.user);
}

struct link *link_new(uv_loop_t *loop, struct session *s, const struct profile *p,
                      const struct link_owner *owner)
{
    struct link *l = mem_alloc(sizeof *l);

    if (uv_poll_init(loop, &l->poll, session_fd(s)) != 0) {
        free(l);
        return NULL;
    }
    uv_timer_init(loop, &l->keepalive);
    l->open_handles = 2;
    l->poll.data = l->keepalive.data = l;
    l->session = s;
    l->profile = p;
    l->owner = *owner;
    l->packets_seen = session_packets_in(s);
    if (p->keepalive_interval_ms > 0)
        uv_timer_start(&l->keepalive, on_keepalive, (uint64_t)p->keepalive_interval_ms,
                       (uint64_t)p->keepalive_interval_ms);
    return l;
}

static void on_closed(uv_handle_t *handle)
{
    struct link *l = handle->data;

    if (--l->open_handles == 0)
        free(l);
}

void link_close(struct link *l)
{
    if (l == NULL || l->session == NULL)
        return;
    /* Before the session's descriptor goes. */
    uv_close((uv_handle_t *)&l->poll, on_closed);
    uv_close((uv_handle_t *)&l->keepalive, on_closed);
    session_free(l->session);
    l->session = NULL;
}
