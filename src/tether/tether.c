#include "tether/tether.h"

#include "base/mem.h"
#include "base/time.h"
#include "store/store.h"
#include "tether/backoff.h"
#include "tether/control.h"
#include "tether/dialer.h"
#include "tether/link.h"
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
    uv_timer_t backoff, due, idle;
    uv_signal_t sigterm, sigint, sighup;
    uv_async_t agent_slow; /* from the thread that logs in */
    uv_poll_t ready;       /* whoever waits for the first answer going away */

    enum tether_state state;
    bool dirty;
    bool for_others; /* until the user says `up` */
    bool settled;    /* the first attempt has been answered */
    unsigned failures;
    uint64_t seen_total; /* connections so far, at the last look for idleness */

    struct listener *listener;
    struct control *control;
    struct pool *pool;
    struct dialer *dialer;
    struct session *session; /* the link's, once there is one */
    struct link *link;
    struct probe *probe;

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

static void failed(struct tether *t, enum tether_event event, const struct err *e);

static void on_lost(void *user, const struct err *e)
{
    struct tether *t = user;

    /* Not served yet: whoever waits for `up` wants to know. */
    if (t->state == STATE_PROBING) {
        failed(t, EVENT_LOST, e);
        return;
    }
    status_error(&t->status, e);
    log_err(t->cfg->log, LOG_WARN, e);
    post(t, EVENT_LOST);
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
    if (t->link != NULL)
        link_step(t->link);
    if (t->state == STATE_CLOSING)
        return;
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

/* ---- the session --------------------------------------------------------- */

static void drop_session(struct tether *t)
{
    probe_free(t->probe);
    t->probe = NULL;
    pool_suspend(t->pool);
    if (t->link != NULL)
        link_close(t->link);
    else
        session_free(t->session);
    t->link = NULL;
    t->session = NULL;
    status_session(&t->status, NULL);
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

/* In a thread of the dialer's. The handle outlives it: the loop does not end
 * before the worker has. */
static void notice_agent(void *user)
{
    struct tether *t = user;

    uv_async_send(&t->agent_slow);
}

static void on_agent_slow(uv_async_t *async)
{
    struct tether *t = async->data;

    if (t->dialer == NULL || t->state == STATE_CLOSING)
        return;
    log_info(t->cfg->log, "waiting for the agent");
    if (!t->settled)
        status_send_waiting(t->cfg->ready_fd, "agent");
    control_waiting(t->control, "agent");
}

static void act_dial(struct tether *t)
{
    const struct dialer_owner owner = { .done = on_dialled, .agent_slow = notice_agent, .user = t };
    struct err e = ERR_INIT;

    uv_timer_stop(&t->backoff);
    pool_refuse(t->pool, false);
    t->dialer = dialer_start(&t->loop, t->cfg->profile, t->cfg->identities, t->cfg->log, &owner, &e);
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
    status_transport(&t->status, result->transport, result->reason, result->socket);
    log_info(t->cfg->log, "serving %s by %s: %s",
             result->socket != NULL ? result->socket : "what the command reaches",
             result->transport == TRANSPORT_STREAMLOCAL ? "streamlocal" : "dial-stdio", result->reason);
    post(t, EVENT_PROBED);
}

/* A tether that was started as a way to others and is used by nobody. */
static void on_idle(uv_timer_t *timer)
{
    struct tether *t = timer->data;
    struct pool_counts n = pool_counts(t->pool);

    if (!t->for_others) {
        uv_timer_stop(timer);
    } else if (n.open + n.held > 0 || n.total != t->seen_total) {
        t->seen_total = n.total;
    } else {
        log_info(t->cfg->log, "nobody has gone this way for a while");
        post(t, EVENT_STOP);
    }
}

static void act_probe(struct tether *t)
{
    const struct probe_owner owner = { .dirty = set_dirty, .done = on_probed, .user = t };
    const struct link_owner link_owner = { .dirty = set_dirty, .lost = on_lost, .user = t };
    struct err e = ERR_INIT;

    t->link = link_new(&t->loop, t->session, t->cfg->profile, &link_owner);
    if (t->link == NULL) {
        err_set(&e, ERR_FAILED, "", "cannot poll the connection");
        failed(t, EVENT_LOST, &e);
        return;
    }
    status_session(&t->status, t->session);
    if (!profile_has_docker(t->cfg->profile)) {
        post(t, EVENT_PROBED);
        return;
    }
    t->probe = probe_start(&t->loop, t->session, t->cfg->profile, t->cfg->log, &owner);
}

static void act_serve(struct tether *t)
{
    probe_free(t->probe);
    t->probe = NULL;
    t->failures = 0;
    if (t->settled)
        status_reconnected(&t->status);
    const char *socket = t->status.remote_socket;
    pool_serve(t->pool, t->session, t->status.transport, *socket != '\0' ? socket : NULL);
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

static void on_retry(void *user, bool keep)
{
    struct tether *t = user;

    if (keep)
        t->for_others = false;
    if (t->state == STATE_SERVING)
        control_settle(t->control, NULL);
    else
        post(t, EVENT_RETRY);
}

static int on_stop(void *user, bool force, struct err *e)
{
    struct tether *t = user;
    uint64_t streams = pool_counts(t->pool).streams;

    if (streams > 0 && !force) {
        err_set(e, ERR_FAILED, "", "%" PRIu64 " other tether%s in use", streams,
                streams == 1 ? " goes this way and is" : "s go this way and are");
        return err_hint(e, "docktether down --force %s takes %s down too", t->cfg->profile->name,
                        streams == 1 ? "it" : "them");
    }
    post(t, EVENT_STOP);
    return 0;
}

static void on_stream(void *user, int fd, const char *host, int64_t port)
{
    struct tether *t = user;

    pool_stream(t->pool, fd, host, port);
    set_dirty(t);
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
    const struct control_owner owner = {
        .status = on_status, .retry = on_retry, .stop = on_stop, .stream = on_stream, .user = t
    };

    int ctl = runtime_listen(t->cfg->runtime->ctl, e);
    if (ctl < 0)
        return -1;
    t->control = control_new(&t->loop, ctl, t->cfg->log, &owner);
    if (!profile_has_docker(t->cfg->profile))
        return t->control != NULL ? 0 : err_set(e, ERR_FAILED, "runtime", "cannot poll a socket");
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
    uv_timer_init(&t->loop, &t->due);
    uv_timer_init(&t->loop, &t->idle);
    uv_async_init(&t->loop, &t->agent_slow, on_agent_slow);
    t->agent_slow.data = t;
    t->idle.data = t;
    t->prepare.data = t->again.data = t->backoff.data = t->due.data = t;
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
    t->for_others = cfg->for_others;
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
        if (t->for_others && cfg->profile->hop_linger_ms > 0)
            uv_timer_start(&t->idle, on_idle, (uint64_t)cfg->profile->hop_linger_ms,
                           (uint64_t)cfg->profile->hop_linger_ms);
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
