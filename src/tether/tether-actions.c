#include "tether/tether-internal.h"

#include "base/time.h"
#include "store/profile.h"
#include "tether/backoff.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* While a client waits the next attempt is never further away than this. sshd counts a second
 * for each connection that ends before a login was tried (PerSourcePenalties, OpenSSH 9.8), and
 * locks the address out when they are 15 more than have passed: so only a few are closer. */
#define UNPROVEN_MAX 3 /* see unproven_again() */
#define HELD_BACKOFF_MS 500
#define HELD_FEW 8
#define HELD_MANY_BACKOFF_MS 1100

/* An attempt that is younger than this has nothing to do with a former network. */
#define YOUNG_MS 1000

/* ---- the session ----------------------------------------------------------- */

static void drop_session(struct tether *t)
{
    transport_probe_free(t->probe);
    t->probe = NULL;
    pool_suspend(t->pool);
    if (t->poll != NULL)
        session_poll_close(t->poll);
    else
        session_free(t->session);
    t->poll = NULL;
    t->session = NULL;
    status_session(&t->status, NULL);
}

/* The first failure ends the tether, unless a service manager would only start it
 * again; `up` has its answer then. */
static void failed(struct tether *t, enum tether_event event, const struct err *e)
{
    bool ends = !t->settled && !t->cfg->stays;

    t->patient = e->later;
    status_error(&t->status, e);
    log_err(t->cfg->log, LOG_WARN, e);
    tether_report_ready(t, e);
    if (ends && t->state != STATE_CLOSING)
        t->fatal = *e;
    tether_post(t, ends ? EVENT_STOP : event);
}

static void on_lost(void *user, const struct err *e)
{
    struct tether *t = user;

    /* Not served yet: the client that waits for `up` is told. */
    if (t->state == STATE_PROBING) {
        failed(t, EVENT_LOST, e);
        return;
    }
    status_error(&t->status, e);
    log_err(t->cfg->log, LOG_WARN, e);
    tether_post(t, EVENT_LOST);
}

/* ---- dialling -------------------------------------------------------------- */

static void act_dial(struct tether *t);

/* One bad key exchange may be a garbled line, for nothing in it is authenticated; several in a
 * row are a server, or somebody in between, that cannot show the pinned key. */
static bool unproven_again(struct tether *t, const struct err *e)
{
    if (e->code != ERR_HOSTKEY)
        t->unproven = 0;
    return e->code == ERR_HOSTKEY && ++t->unproven >= UNPROVEN_MAX;
}

static void on_dialled(void *user, struct session *s, bool refused, const struct err *e)
{
    struct tether *t = user;
    bool redial = t->redial;

    t->worker = NULL;
    t->redial = false;
    if (s != NULL) {
        t->session = s;
        t->unproven = 0;
        tether_post(t, EVENT_CONNECTED);
    } else if (t->state != STATE_CONNECTING) {
        tether_post(t, EVENT_UNREACHED);
    } else if (redial) {
        act_dial(t);
    } else {
        failed(t, refused || unproven_again(t, e) ? EVENT_REFUSED : EVENT_UNREACHED, e);
    }
}

/* In a thread of the worker's. The handle outlives it: the loop does not end
 * before the worker has. */
static void notice(void *user)
{
    struct tether *t = user;

    uv_async_send(&t->news);
}

static void tell_waiting(struct tether *t, const struct waiting *w)
{
    t->status.waiting = *w;
    if (!t->settled)
        status_send_waiting(t->cfg->ready_fd, w);
    if (t->control != NULL)
        control_server_waiting(t->control, w);
}

void tether_on_news(uv_async_t *async)
{
    struct tether *t = async->data;
    struct waiting w;

    if (t->worker == NULL || t->state == STATE_CLOSING)
        return;
    connect_worker_waiting(t->worker, &w);
    if (strcmp(w.what, "agent") == 0)
        log_info(t->cfg->log, "waiting for the agent");
    tell_waiting(t, &w);
}

static void act_dial(struct tether *t)
{
    const struct connect_worker_owner owner = { .done = on_dialled, .waiting = notice, .user = t };
    struct err e = ERR_INIT;

    uv_timer_stop(&t->backoff);
    pool_set_refusing(t->pool, false);
    t->dialled_ms = time_mono_ms();
    t->status.waiting.what[0] = '\0';
    t->worker = connect_worker_start(&t->loop, t->cfg->profile, t->cfg->identities, t->cfg->runtime,
                                     t->cfg->log, &owner, &e);
    if (t->worker == NULL)
        failed(t, EVENT_UNREACHED, &e);
}

static void act_redial(struct tether *t)
{
    if (t->worker == NULL || time_mono_ms() - t->dialled_ms < YOUNG_MS)
        return;
    t->redial = true;
    connect_worker_cancel(t->worker);
}

/* A tether on demand without waiting clients needs no session. */
static void on_backoff_over(uv_timer_t *timer)
{
    struct tether *t = timer->data;
    bool wanted = t->cfg->profile->connect_on == CONNECT_START || pool_counts(t->pool).held > 0;

    tether_post(t, wanted ? EVENT_TIMER : EVENT_UNUSED);
}

static void act_backoff(struct tether *t)
{
    uint32_t random = 0;

    drop_session(t);
    (void)uv_random(NULL, NULL, &random, sizeof random, 0, NULL);
    int64_t delay = backoff_delay_ms(++t->failures, random);
    const int64_t most = t->failures <= HELD_FEW ? HELD_BACKOFF_MS : HELD_MANY_BACKOFF_MS;
    if (delay > most && !t->patient && pool_counts(t->pool).held > 0)
        delay = most;
    log_info(t->cfg->log, "trying again in %" PRId64 " ms", delay);
    uv_timer_start(&t->backoff, on_backoff_over, (uint64_t)delay, 0);
}

static void act_give_up(struct tether *t)
{
    drop_session(t);
    pool_set_refusing(t->pool, true);
}

static void act_discard(struct tether *t)
{
    session_free(t->session);
    t->session = NULL;
}

/* ---- serving --------------------------------------------------------------- */

static void on_probed(void *user, const struct transport_probe_result *result, const struct err *e)
{
    struct tether *t = user;

    if (result == NULL) {
        failed(t, EVENT_PROBE_FAILED, e);
        return;
    }
    status_library(&t->status, t->session);
    status_transport(&t->status, result->transport, result->reason, result->socket);
    log_info(t->cfg->log, "serving %s by %s: %s",
             result->socket != NULL ? result->socket : "what the command reaches",
             result->transport == TRANSPORT_STREAMLOCAL ? "streamlocal" : "dial-stdio", result->reason);
    tether_post(t, EVENT_PROBED);
}

static void act_probe(struct tether *t)
{
    const struct transport_probe_owner owner = { .dirty = tether_mark_dirty, .done = on_probed, .user = t };
    const struct session_poll_owner poll_owner = { .dirty = tether_mark_dirty, .lost = on_lost, .user = t };
    struct err e = ERR_INIT;

    t->poll = session_poll_new(&t->loop, t->session, t->cfg->profile, &poll_owner);
    if (t->poll == NULL) {
        err_set(&e, ERR_FAILED, "", "cannot poll the connection");
        failed(t, EVENT_LOST, &e);
        return;
    }
    status_session(&t->status, t->session);
    if (!profile_has_docker(t->cfg->profile)) {
        tether_post(t, EVENT_PROBED);
        return;
    }
    struct waiting w = { .what = "socket" };
    snprintf(w.whom, sizeof w.whom, "%s", t->cfg->profile->host);
    tell_waiting(t, &w);
    t->probe = transport_probe_start(&t->loop, t->session, t->cfg->profile, &owner);
}

static void act_serve(struct tether *t)
{
    struct err e = ERR_INIT;
    struct channel *ready = t->probe != NULL ? transport_probe_take_channel(t->probe) : NULL;

    transport_probe_free(t->probe);
    t->probe = NULL;
    t->failures = 0;
    t->patient = false;
    if (t->settled)
        status_reconnected(&t->status);
    else if (t->control == NULL && tether_open(t, &e) != 0) {
        channel_close(ready);
        failed(t, EVENT_STOP, &e);
        return;
    }
    idle_touch(t->idle_session);
    const char *socket = t->status.remote_socket;
    pool_serve(t->pool, t->session, t->status.transport, *socket != '\0' ? socket : NULL, ready);
    tether_report_ready(t, NULL);
}

static void act_check(struct tether *t)
{
    if (t->poll != NULL)
        session_poll_check(t->poll, t->doubt);
}

static void act_sleep(struct tether *t)
{
    uv_timer_stop(&t->backoff);
    drop_session(t);
}

/* ---- the end --------------------------------------------------------------- */

static void act_drain(struct tether *t)
{
    log_info(t->cfg->log, "another process takes over");
    t->replaced = true;
    uv_timer_stop(&t->backoff);
    if (t->worker != NULL)
        connect_worker_cancel(t->worker);
    listener_close(t->listener);
    t->listener = NULL;
    control_server_retire(t->control);
    /* Not before: a client that asks again finds the successor. */
    tether_report_replaced(t);
    if (pool_serving(t->pool))
        return;
    drop_session(t);
    pool_set_refusing(t->pool, true);
}

static void act_close(struct tether *t)
{
    if (t->worker != NULL)
        connect_worker_cancel(t->worker);
    drop_session(t);
    tether_close(t);
}

static void (*const actions[ACTION_COUNT])(struct tether *) = {
    [ACTION_DIAL] = act_dial,       [ACTION_PROBE] = act_probe,     [ACTION_SERVE] = act_serve,
    [ACTION_BACKOFF] = act_backoff, [ACTION_GIVE_UP] = act_give_up, [ACTION_CLOSE] = act_close,
    [ACTION_DISCARD] = act_discard, [ACTION_SLEEP] = act_sleep,     [ACTION_CHECK] = act_check,
    [ACTION_REDIAL] = act_redial,   [ACTION_DRAIN] = act_drain,
};

void tether_post(struct tether *t, enum tether_event event)
{
    struct tether_step step = state_next(t->state, event);

    if (step.next != t->state) {
        log_info(t->cfg->log, "%s: %s -> %s", state_event_name(event), state_name(t->state),
                 state_name(step.next));
        t->state = step.next;
        status_state(&t->status, step.next);
        notify_status(t->notify, &t->status, t->cfg->profile);
    }
    if (actions[step.action] != NULL)
        actions[step.action](t);
}
