#include "tether/tether.h"

#include "base/mem.h"
#include "base/time.h"
#include "store/store.h"
#include "tether/backoff.h"
#include "tether/tether-internal.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#define STEPS_PER_TURN 8

/* ---- deferred work --------------------------------------------------------- */

void tether_mark_dirty(void *user)
{
    struct tether *t = user;

    t->dirty = true;
}

static void on_due(uv_timer_t *timer)
{
    tether_mark_dirty(timer->data);
}

static void on_again(uv_idle_t *idle)
{
    (void)idle; /* its presence keeps the loop from sleeping */
}

static void step_all(struct tether *t)
{
    for (int i = 0; t->dirty && i < STEPS_PER_TURN && t->state != STATE_CLOSING; i++) {
        t->dirty = false;
        pool_step(t->pool);
        if (t->probe != NULL)
            transport_probe_step(t->probe);
    }
    if (t->poll != NULL)
        session_poll_step(t->poll);
    if (t->state == STATE_DRAINING && pool_empty(t->pool))
        tether_post(t, EVENT_UNUSED);
}

static void on_prepare(uv_prepare_t *prepare)
{
    struct tether *t = prepare->data;

    /* Who had read enough in the last turn goes on in this one. */
    if (t->state != STATE_CLOSING && pool_has_more(t->pool))
        t->dirty = true;
    if (t->state != STATE_CLOSING)
        pool_begin_turn(t->pool);
    step_all(t);
    if (t->state == STATE_CLOSING)
        return;
    if (t->dirty || pool_has_more(t->pool))
        uv_idle_start(&t->again, on_again);
    else
        uv_idle_stop(&t->again);
    int64_t due = pool_due_ms(t->pool);
    if (due >= 0)
        uv_timer_start(&t->due, on_due, (uint64_t)due, 0);
    else
        uv_timer_stop(&t->due);
}

/* ---- what happens around it -------------------------------------------------- */

static void on_retry_over(uv_timer_t *timer)
{
    tether_post(timer->data, EVENT_TIMER);
}

/* Attempts that a client makes wait this long after one that the server wanted later. */
#define PATIENT_MS 2000

/* Cuts the backoff short; but clients that come in a row do not make a row of
 * attempts. */
static void on_demand(void *user)
{
    struct tether *t = user;
    int64_t since = time_mono_ms() - t->dialled_ms;
    const int64_t apart = t->patient ? PATIENT_MS : BACKOFF_MIN_MS;

    if (t->state != STATE_WAITING || since >= apart)
        tether_post(t, EVENT_DEMAND);
    else if (uv_timer_get_due_in(&t->backoff) > (uint64_t)(apart - since))
        uv_timer_start(&t->backoff, on_retry_over, (uint64_t)(apart - since), 0);
}

static void on_woke(void *user)
{
    struct tether *t = user;

    log_info(t->cfg->log, "this machine has slept");
    t->doubt = true;
    tether_post(t, EVENT_WAKE);
}

static void on_network(void *user, const struct netlink_news *news)
{
    struct tether *t = user;

    /* A network of containers or a VPN that comes or goes is none of the session's business. */
    t->doubt = t->poll != NULL && session_poll_concerned(t->poll, news);
    log_info(t->cfg->log, "this machine's network has changed");
    /* A server that asked for patience is not dialled for each network of containers. */
    if (t->state != STATE_WAITING || !t->patient)
        tether_post(t, EVENT_WAKE);
}

static uint64_t used(void *user, bool *busy)
{
    const struct tether *t = user;
    struct pool_counts n = pool_counts(t->pool);

    *busy = n.open + n.held > 0;
    return n.total;
}

static void on_session_unused(void *user)
{
    tether_post(user, EVENT_UNUSED);
}

/* A tether that was started as a hop and is not used. */
static void on_hop_unused(void *user)
{
    struct tether *t = user;

    log_info(t->cfg->log, "no streams for hop-linger: stopping");
    tether_post(t, EVENT_STOP);
}

static void on_signal(uv_signal_t *signal, int number)
{
    struct tether *t = signal->data;

    if (number == SIGHUP && t->cfg->ready_fd >= 0)
        return; /* detached: the terminal's end is not ours */
    log_info(t->cfg->log, "signal %d", number);
    tether_post(t, EVENT_STOP);
}

static const struct err *reason(void *user)
{
    struct tether *t = user;

    return &t->status.last_error;
}

/* ---- beginning and end --------------------------------------------------------- */

static void close_handle(uv_handle_t *handle, void *user)
{
    struct tether *t = user;

    /* The objects' own handles are closed by their owners. */
    if (handle->data == t && !uv_is_closing(handle))
        uv_close(handle, NULL);
}

void tether_close(struct tether *t)
{
    bool ours = !t->replaced && t->lock >= 0;

    notify_close(t->notify);
    t->notify = NULL;
    if (ours && tether_owns_socket(t))
        unlink(t->cfg->runtime->sock);
    pool_close(t->pool);
    t->pool = NULL;
    listener_close(t->listener);
    if (ours)
        unlink(t->cfg->runtime->ctl);
    control_server_close(t->control);
    t->control = NULL;
    idle_close(t->idle_session);
    idle_close(t->idle_hop);
    suspend_close(t->suspend);
    netlink_close(t->netlink);
    t->idle_session = t->idle_hop = NULL;
    t->suspend = NULL;
    uv_walk(&t->loop, close_handle, t);
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
    uv_async_init(&t->loop, &t->news, tether_on_news);
    t->news.data = t;
    t->prepare.data = t->again.data = t->backoff.data = t->due.data = t;
    uv_prepare_start(&t->prepare, on_prepare);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        uv_signal_init(&t->loop, signals[i].handle);
        signals[i].handle->data = t;
        uv_signal_start(signals[i].handle, on_signal, signals[i].number);
    }
    tether_ready_init(t);
}

static void init_watchers(struct tether *t)
{
    const struct profile *p = t->cfg->profile;
    const struct idle_owner session = { .used = used, .unused = on_session_unused, .user = t };
    const struct idle_owner hop = { .used = used, .unused = on_hop_unused, .user = t };

    if (p->idle_timeout_ms > 0)
        t->idle_session = idle_new(&t->loop, p->idle_timeout_ms, &session);
    if (t->for_others && p->hop_linger_ms > 0)
        t->idle_hop = idle_new(&t->loop, p->hop_linger_ms, &hop);
    t->suspend = suspend_new(&t->loop, &suspend_system_clocks, on_woke, t);
    t->netlink = netlink_new(&t->loop, on_network, t);
}

static void begin(struct tether *t)
{
    bool demand = t->cfg->profile->connect_on == CONNECT_DEMAND;
    bool waits = t->cfg->replace && !t->cfg->stays && !demand;

    /* One that replaces another opens the sockets when it can serve. */
    if (!waits && tether_open(t, &t->fatal) != 0) {
        status_send_ready(t->cfg->ready_fd, &t->fatal);
        t->settled = true;
        tether_post(t, EVENT_STOP);
        return;
    }
    init_watchers(t);
    notify_status(t->notify, &t->status, t->cfg->profile);
    if (demand)
        tether_report_ready(t, NULL);
    else
        tether_post(t, EVENT_DEMAND);
}

static void end(struct tether *t)
{
    if (t->lock >= 0) {
        runtime_remove(t->cfg->runtime, tether_owns_socket(t));
        close(t->lock);
    }
    for (size_t i = 0; i < t->ends_count; i++)
        close(t->ends[i]);
    free(t->ends);
}

int tether_run(const struct tether_config *cfg, struct err *e)
{
    struct tether *t = mem_alloc(sizeof *t);
    const struct pool_owner owner = {
        .dirty = tether_mark_dirty, .demand = on_demand, .reason = reason, .user = t
    };

    t->cfg = cfg;
    t->for_others = cfg->for_others;
    t->lock = cfg->lock;
    bool looped = uv_loop_init(&t->loop) == 0;
    if (looped)
        t->pool = pool_new(&t->loop, cfg->profile, cfg->log, &owner);
    if (t->pool == NULL) {
        if (looped)
            uv_loop_close(&t->loop);
        end(t);
        free(t);
        return err_set(e, ERR_FAILED, "", "cannot make a loop");
    }
    init_handles(t);
    status_init(&t->status);
    t->notify = notify_new(&t->loop, cfg->service);
    begin(t);
    uv_run(&t->loop, UV_RUN_DEFAULT);
    uv_loop_close(&t->loop);
    end(t);

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
