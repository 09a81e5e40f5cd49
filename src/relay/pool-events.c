#include "relay/pool-internal.h"
#include "relay/reject-reason.h"

#include <string.h>

/* With the reason why there is no session. */
void pool_refuse_down(struct pool *pool, int fd, const struct target *target)
{
    struct err e = ERR_INIT;

    reject_reason_down(pool->profile, target != NULL, pool->owner.reason(pool->owner.user), &e);
    reject_client(&pool->rejects, fd, target != NULL, &e);
}

void pool_mark_dirty(void *user)
{
    struct pool *pool = user;

    if (!pool->closing)
        pool->owner.dirty(pool->owner.user);
}

static bool on_congested(void *user)
{
    struct pool *pool = user;

    if (pool->session != NULL && !session_congested(pool->session))
        return false;
    pool->told_congested = true;
    return true;
}

static void on_opened(void *user, struct relay *r)
{
    struct pool *pool = user;

    if (relay_tag(r) != NULL)
        relay_greet(r, "{\"ok\":true}\n");
    else if (pool_by_command(pool))
        exec_queue_started(&pool->queue);
}

void pool_on_refused(void *user, struct relay *r, const char *words)
{
    const struct target *target = relay_tag(r);
    struct pool *pool = user;
    struct err e = ERR_INIT;

    if (target == NULL && pool_by_command(pool) && exec_queue_refused(&pool->queue, r))
        return;
    if (target != NULL && strcmp(words, "open failed") == 0)
        pool->prohibited = true;
    if (target != NULL)
        reject_reason_stream(pool->profile, target->host, target->port, words, &e);
    else
        reject_reason_socket(pool->profile, pool->socket, pool_by_command(pool) ? pool->command : NULL, words,
                             &e);
    log_err(pool->log, LOG_WARN, &e);
    reject_client(&pool->rejects, relay_release(r), target != NULL, &e);
}

static void on_failed(void *user, struct relay *r, const char *how)
{
    struct pool *pool = user;

    const struct target *target = relay_tag(r);
    const char *what = target != NULL ? target->host : pool_by_command(pool) ? pool->command : pool->socket;

    log_warn(pool->log, "a connection was cut short: %s on %s: %s", what, pool->profile->host, how);
}

static void on_expired(void *user, struct relay *r)
{
    struct pool *pool = user;
    struct err e = ERR_INIT;

    if (pool->session == NULL || !relay_queued(r)) {
        pool_refuse_down(pool, relay_release(r), relay_tag(r));
    } else if (exec_queue_missed(&pool->queue, r, pool->profile->host, &e)) {
        log_err(pool->log, LOG_WARN, &e);
        reject_client(&pool->rejects, relay_release(r), false, &e);
    }
}

static void on_closed(void *user, struct relay *r)
{
    struct pool *pool = user;

    if (relay_tag(r) == NULL)
        exec_queue_ended(&pool->queue);
    relay_list_remove(&pool->relays, r);
    pool_target_free(relay_tag(r));
    pool_maybe_free(pool);
}

static void on_stale(void *user, struct relay *r)
{
    struct pool *pool = user;

    log_info(pool->log, "a spare channel had ended unseen; another one is opened");
    relay_hold(r, pool->profile->hold_ms);
    if (pool->session != NULL)
        pool_attach_new(pool, r);
}

void pool_events_init(struct pool *pool)
{
    struct relay_owner *o = &pool->relay_owner;

    o->dirty = pool_mark_dirty;
    o->congested = on_congested;
    o->opened = on_opened;
    o->refused = pool_on_refused;
    o->stale = on_stale;
    o->failed = on_failed;
    o->expired = on_expired;
    o->closed = on_closed;
    o->user = pool;
}
