#include "tether/tether.h"

#include "base/mem.h"
#include "base/time.h"
#include "store/store.h"
#include "tether/backoff.h"
#include "tether/control.h"
#include "tether/dialer.h"
#include "tether/listener.h"
#include "tether/pool.h"
#include "tether/probe.h"
#include "tether/state.h"
#include "tether/status.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#define STEPS_PER_TURN 8

struct tether {
    const struct tether_config *cfg;
    uv_loop_t loop;
    uv_prepare_t prepare; /* runs the deferred work before the loop polls */
    uv_idle_t again;      /* started when a turn did not finish the work */
    uv_timer_t backoff, keepalive, due;
    uv_signal_t sigterm, sigint, sighup;
    uv_poll_t ready;         /* whoever waits for the first answer going away */
    uv_poll_t *session_poll; /* one per session, freed when it is closed; NULL: none */
    int session_events;

    enum tether_state state;
    bool dirty;
    bool settled; /* the first attempt has been answered */
    unsigned failures;

    struct listener *listener;
    struct control *control;
    struct pool *pool;
    struct dialer *dialer;
    struct session *session;
    struct probe *probe;

    uint64_t packets_seen; /* keepalive: the counter at the last tick */
    int64_t unanswered;

    struct status status;
    struct err fatal; /* what ended it; ERR_NONE after an orderly end */
};

static void post(struct tether *t, enum tether_event event);

/* ---- deferred work ------------------------------------------------------- */

static void set_dirty(void *user)
{
    struct tether *t = user;

    t->dirty = true;
}

static void on_session_poll(uv_poll_t *poll, int status, int events);

static void failed(struct tether *t, enum tether_event event, const struct err *e);

static void lose_session(struct tether *t, const struct err *e)
{
    /* Not served yet: whoever waits for `up` wants to know. */
    if (t->state == STATE_PROBING) {
        failed(t, EVENT_LOST, e);
        return;
    }
    status_error(&t->status, e);
    log_err(t->cfg->log, LOG_WARN, e);
    post(t, EVENT_LOST);
}

static void pump_session(struct tether *t)
{
    struct err e = ERR_INIT;

    if (t->session != NULL && session_pump(t->session, &e) != 0)
        lose_session(t, &e);
    set_dirty(t);
}

static void watch_session(struct tether *t)
{
    if (t->session_poll == NULL)
        return;
    int events = UV_READABLE | (session_congested(t->session) ? UV_WRITABLE : 0);
    if (events != t->session_events) {
        t->session_events = events;
        uv_poll_start(t->session_poll, events, on_session_poll);
    }
}

static void on_due(uv_timer_t *timer)
{
    set_dirty(timer->data);
}

static void on_again(uv_idle_t *idle)
{
    (void)idle; /* its presence keeps the loop from sleeping */
}

static void on_prepare(uv_prepare_t *prepare)
{
    struct tether *t = prepare->data;

    for (int i = 0; t->dirty && i < STEPS_PER_TURN && t->state != STATE_CLOSING; i++) {
        t->dirty = false;
        pool_step(t->pool);
        if (t->probe != NULL)
            probe_step(t->probe);
    }
    /* Found out while writing: the descriptor may never say so. */
    if (t->session != NULL && session_lost(t->session))
        pump_session(t);
    if (t->state == STATE_CLOSING)
        return;
    watch_session(t);
    if (t->dirty)
        uv_idle_start(&t->again, on_again);
    else
        uv_idle_stop(&t->again);
    int64_t due = pool_due_ms(t->pool);
    if (due >= 0)
        uv_timer_start(&t->due, on_due, (uint64_t)due, 0);
    else
        uv_timer_stop(&t->due);
}

static void on_session_poll(uv_poll_t *poll, int status, int events)
{
    struct tether *t = poll->data;
    struct err e = ERR_INIT;

    (void)events;
    pump_session(t);
    /* libuv stops a handle that reports an error, so this cannot go on. */
    if (status < 0 && t->session != NULL) {
        err_set(&e, ERR_UNREACHABLE, "TCP", "the connection was lost");
        lose_session(t, &e);
    }
}

/* ---- the session --------------------------------------------------------- */

static void on_session_poll_closed(uv_handle_t *handle)
{
    free(handle);
}

/* Call it before the session's descriptor goes. */
static void unwatch_session(struct tether *t)
{
    if (t->session_poll == NULL)
        return;
    uv_close((uv_handle_t *)t->session_poll, on_session_poll_closed);
    t->session_poll = NULL;
}

static void drop_session(struct tether *t)
{
    probe_free(t->probe);
    t->probe = NULL;
    pool_suspend(t->pool);
    uv_timer_stop(&t->keepalive);
    if (t->session == NULL)
        return;
    unwatch_session(t);
    session_free(t->session);
    t->session = NULL;
    status_session(&t->status, NULL);
}

static void on_keepalive(uv_timer_t *timer)
{
    struct tether *t = timer->data;
    const struct profile *p = t->cfg->profile;
    uint64_t seen = session_packets_in(t->session);
    struct err e = ERR_INIT;

    t->unanswered = seen == t->packets_seen ? t->unanswered + 1 : 0;
    t->packets_seen = seen;
    if (t->unanswered >= p->keepalive_count) {
        err_set(&e, ERR_UNREACHABLE, "keepalive", "%s has not answered for %" PRId64 " s", p->host,
                p->keepalive_interval_ms * p->keepalive_count / 1000);
        lose_session(t, &e);
        return;
    }
    session_keepalive(t->session);
    set_dirty(t);
}

static int poll_session(struct tether *t)
{
    uv_poll_t *poll = mem_alloc(sizeof *poll);

    if (uv_poll_init(&t->loop, poll, session_fd(t->session)) != 0) {
        free(poll);
        return -1;
    }
    poll->data = t;
    t->session_poll = poll;
    t->session_events = 0;
    return 0;
}

/* ---- the first answer ---------------------------------------------------- */

static void settle(struct tether *t, const struct err *e)
{
    if (t->control != NULL)
        control_settle(t->control, e);
    if (t->settled)
        return;
    t->settled = true;
    if (t->cfg->ready_fd < 0)
        return;
    if (t->ready.data != NULL)
        uv_poll_stop(&t->ready);
    status_send_ready(t->cfg->ready_fd, e);
}

static void on_ready_gone(uv_poll_t *poll, int status, int events)
{
    struct tether *t = poll->data;

    (void)status;
    (void)events;
    uv_poll_stop(poll);
    if (!t->settled) {
        log_info(t->cfg->log, "whoever started this tether went away before it served");
        err_set(&t->fatal, ERR_FAILED, "", "interrupted");
        t->settled = true;
        post(t, EVENT_STOP);
    }
}

/* ---- actions ------------------------------------------------------------- */

/* The first failure ends the tether; `up` has its answer then. */
static void failed(struct tether *t, enum tether_event event, const struct err *e)
{
    bool first = !t->settled;

    status_error(&t->status, e);
    log_err(t->cfg->log, LOG_WARN, e);
    settle(t, e);
    if (first && t->state != STATE_CLOSING)
        t->fatal = *e;
    post(t, first ? EVENT_STOP : event);
}

static void on_dialled(void *user, struct session *s, const struct err *e)
{
    struct tether *t = user;

    t->dialer = NULL;
    if (s != NULL) {
        t->session = s;
        post(t, EVENT_CONNECTED);
    } else if (t->state == STATE_CLOSING) {
        post(t, EVENT_UNREACHED);
    } else {
        bool refused = e->code == ERR_HOSTKEY || e->code == ERR_AUTH;
        failed(t, refused ? EVENT_REFUSED : EVENT_UNREACHED, e);
    }
}

static void act_dial(struct tether *t)
{
    struct err e = ERR_INIT;

    uv_timer_stop(&t->backoff);
    pool_refuse(t->pool, false);
    t->dialer = dialer_start(&t->loop, t->cfg->profile, t->cfg->identities, t->cfg->log, on_dialled, t, &e);
    if (t->dialer == NULL)
        failed(t, EVENT_UNREACHED, &e);
}

static void on_probed(void *user, const struct probe_result *result, const struct err *e)
{
    struct tether *t = user;

    if (result == NULL) {
        failed(t, EVENT_PROBE_FAILED, e);
        return;
    }
    status_transport(&t->status, result->transport, result->reason);
    log_info(t->cfg->log, "serving %s by %s: %s", t->cfg->profile->socket,
             result->transport == TRANSPORT_STREAMLOCAL ? "streamlocal" : "dial-stdio", result->reason);
    post(t, EVENT_PROBED);
}

static void act_probe(struct tether *t)
{
    const struct probe_owner owner = { .dirty = set_dirty, .done = on_probed, .user = t };
    int64_t interval = t->cfg->profile->keepalive_interval_ms;
    struct err e = ERR_INIT;

    if (poll_session(t) != 0) {
        err_set(&e, ERR_FAILED, "", "cannot poll the connection");
        failed(t, EVENT_LOST, &e);
        return;
    }
    status_session(&t->status, t->session);
    t->packets_seen = session_packets_in(t->session);
    t->unanswered = 0;
    if (interval > 0)
        uv_timer_start(&t->keepalive, on_keepalive, (uint64_t)interval, (uint64_t)interval);
    t->probe = probe_start(&t->loop, t->session, t->cfg->profile, t->cfg->log, &owner);
}

static void act_serve(struct tether *t)
{
    probe_free(t->probe);
    t->probe = NULL;
    t->failures = 0;
    if (t->settled)
        status_reconnected(&t->status);
    pool_serve(t->pool, t->session, t->status.transport);
    settle(t, NULL);
}

static void on_backoff_over(uv_timer_t *timer)
{
    post(timer->data, EVENT_TIMER);
}

static void act_backoff(struct tether *t)
{
    uint32_t random = 0;

    drop_session(t);
    (void)uv_random(NULL, NULL, &random, sizeof random, 0, NULL);
    int64_t delay = backoff_delay_ms(++t->failures, random);
    log_info(t->cfg->log, "trying again in %" PRId64 " ms", delay);
    uv_timer_start(&t->backoff, on_backoff_over, (uint64_t)delay, 0);
}

static void act_give_up(struct tether *t)
{
    drop_session(t);
    pool_refuse(t->pool, true);
}

static void act_discard(struct tether *t)
{
    session_free(t->session);
    t->session = NULL;
}

static void act_close(struct tether *t);

static void (*const actions[])(struct tether *) = {
    [ACTION_DIAL] = act_dial,       [ACTION_PROBE] = act_probe,     [ACTION_SERVE] = act_serve,
    [ACTION_BACKOFF] = act_backoff, [ACTION_GIVE_UP] = act_give_up, [ACTION_CLOSE] = act_close,
    [ACTION_DISCARD] = act_discard,
};

static void post(struct tether *t, enum tether_event event)
{
    struct tether_step step = state_next(t->state, event);

    if (step.next != t->state) {
        log_info(t->cfg->log, "%s: %s -> %s", state_event_name(event), state_name(t->state),
                 state_name(step.next));
        t->state = step.next;
        status_state(&t->status, step.next);
    }
    if (actions[step.action] != NULL)
        actions[step.action](t);
}

/* ---- what others ask ----------------------------------------------------- */

static void on_accept(void *user, int fd)
{
    struct tether *t = user;

    pool_accept(t->pool, fd);
    set_dirty(t);
}

static void on_demand(void *user)
{
    post(user, EVENT_DEMAND);
}

static const struct err *reason(void *user)
{
    struct tether *t = user;

    return &t->status.last_error;
}

static void on_retry(void *user)
{
    struct tether *t = user;

    if (t->state == STATE_SERVING)
        control_settle(t->control, NULL);
    else
        post(t, EVENT_RETRY);
}

static void on_stop(void *user)
{
    post(user, EVENT_STOP);
}

static json_t *on_status(void *user)
{
    struct tether *t = user;

    return status_json(&t->status, t->cfg, pool_counts(t->pool));
}

static void on_signal(uv_signal_t *signal, int number)
{
    struct tether *t = signal->data;

    if (number == SIGHUP && t->cfg->ready_fd >= 0)
        return; /* detached: the terminal's end is not ours */
    log_info(t->cfg->log, "signal %d", number);
    post(t, EVENT_STOP);
}

/* ---- beginning and end --------------------------------------------------- */

static void close_handle(uv_handle_t *handle, void *user)
{
    struct tether *t = user;

    /* The objects' own handles are closed by their owners. */
    if (handle->data == t && !uv_is_closing(handle))
        uv_close(handle, NULL);
}

static void act_close(struct tether *t)
{
    if (t->dialer != NULL)
        dialer_cancel(t->dialer);
    unlink(t->cfg->runtime->sock);
    drop_session(t);
    pool_close(t->pool);
    t->pool = NULL;
    listener_close(t->listener);
    unlink(t->cfg->runtime->ctl);
    control_close(t->control);
    t->control = NULL;
    uv_walk(&t->loop, close_handle, t);
}

static int open_sockets(struct tether *t, struct err *e)
{
    const struct control_owner owner = { .status = on_status, .retry = on_retry, .stop = on_stop, .user = t };

    int ctl = runtime_listen(t->cfg->runtime->ctl, e);
    if (ctl < 0)
        return -1;
    t->control = control_new(&t->loop, ctl, t->cfg->log, &owner);
    int sock = runtime_listen(t->cfg->runtime->sock, e);
    if (sock < 0)
        return -1;
    t->listener = listener_new(&t->loop, sock, t->cfg->log, on_accept, t);
    if (t->control == NULL || t->listener == NULL)
        return err_set(e, ERR_FAILED, "runtime", "cannot poll a socket");
    return 0;
}

static void init_handles(struct tether *t)
{
    const struct {
        uv_signal_t *handle;
        int number;
    } signals[] = { { &t->sigterm, SIGTERM }, { &t->sigint, SIGINT }, { &t->sighup, SIGHUP } };

    uv_prepare_init(&t->loop, &t->prepare);
    uv_idle_init(&t->loop, &t->again);
    uv_timer_init(&t->loop, &t->backoff);
    uv_timer_init(&t->loop, &t->keepalive);
    uv_timer_init(&t->loop, &t->due);
    t->prepare.data = t->again.data = t->backoff.data = t->keepalive.data = t->due.data = t;
    uv_prepare_start(&t->prepare, on_prepare);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        uv_signal_init(&t->loop, signals[i].handle);
        signals[i].handle->data = t;
        uv_signal_start(signals[i].handle, on_signal, signals[i].number);
    }
    if (t->cfg->ready_fd >= 0 && uv_poll_init(&t->loop, &t->ready, t->cfg->ready_fd) == 0) {
        t->ready.data = t;
        uv_poll_start(&t->ready, UV_READABLE, on_ready_gone);
    }
}

int tether_run(const struct tether_config *cfg, struct err *e)
{
    struct tether *t = mem_alloc(sizeof *t);
    const struct pool_owner owner = { .dirty = set_dirty, .demand = on_demand, .reason = reason, .user = t };

    t->cfg = cfg;
    if (uv_loop_init(&t->loop) != 0) {
        free(t);
        return err_set(e, ERR_FAILED, "", "cannot make a loop");
    }
    init_handles(t);
    status_init(&t->status);
    t->pool = pool_new(&t->loop, cfg->profile, cfg->log, &owner);
    if (open_sockets(t, &t->fatal) != 0) {
        status_send_ready(cfg->ready_fd, &t->fatal);
        t->settled = true;
        post(t, EVENT_STOP);
    } else {
        act_dial(t);
    }
    uv_run(&t->loop, UV_RUN_DEFAULT);
    uv_loop_close(&t->loop);

    int rc = t->fatal.code == ERR_NONE ? 0 : -1;
    if (rc != 0 && e != NULL)
        *e = t->fatal;
    free(t);
    return rc;
}

const char *tether_library(void)
{
    return uv_version_string();
}
