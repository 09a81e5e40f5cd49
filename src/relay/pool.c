#include "base/mem.h"
#include "engine/dial-command.h"
#include "relay/pool-internal.h"

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

#define SCRATCH_SIZE (64 * 1024)

/* Each costs a poll(2). */
#define PROBES_PER_STEP 8
#define STREAM_HOLD_MS 5000
#define FAREWELL_FROM_US 5000
#define FAREWELL_MAX_MS 500

void pool_target_free(struct target *target)
{
    if (target != NULL)
        free(target->host);
    free(target);
}

static bool crowded(const struct pool *pool, int fd, struct err *e)
{
    int64_t held = pool->session == NULL ? (int64_t)pool_counts(pool).held : -1;

    return limits_lacks(&pool->limits, pool->profile, fd, pool->relays.count, held, e);
}

/* ---- serving ------------------------------------------------------------- */

bool pool_by_command(const struct pool *pool)
{
    return pool->transport == TRANSPORT_DIAL_STDIO;
}

static struct channel *open_channel(struct pool *pool, struct relay *r, struct err *e)
{
    const struct target *target = relay_tag(r);

    if (target != NULL)
        return channel_open_tcp(pool->session, target->host, target->port, &relay_callbacks, r, e);
    if (pool_by_command(pool))
        return channel_open_exec(pool->session, pool->command, &relay_callbacks, r, e);
    return channel_open_streamlocal(pool->session, pool->socket, &relay_callbacks, r, e);
}

void pool_attach_new(struct pool *pool, struct relay *r)
{
    struct err e = ERR_INIT;
    struct channel *ch = open_channel(pool, r, &e);

    if (ch != NULL)
        relay_attach(r, ch, pool->profile->connect_timeout_ms, false);
    else if (session_lost(pool->session))
        pool_mark_dirty(pool); /* it stays held; session-poll reports the loss */
    else
        pool_on_refused(pool, r, e.msg);
}

static void attach(struct pool *pool, struct relay *r)
{
    struct channel *ch = pool->spare != NULL && relay_tag(r) == NULL ? spare_take(pool->spare) : NULL;

    if (ch == NULL)
        pool_attach_new(pool, r);
    else
        relay_attach(r, ch, pool->profile->connect_timeout_ms, true);
}

/* Serves one that is held, if its turn has come. */
static void serve(struct pool *pool, struct relay *r)
{
    if (!pool_by_command(pool) || relay_tag(r) != NULL || exec_queue_turn(&pool->queue, r))
        attach(pool, r);
}

/* Serves the clients that are held, the oldest first. */
static void serve_held(struct pool *pool)
{
    for (struct relay *r = pool->relays.first; r != NULL; r = relay_next(r))
        if (relay_held(r))
            serve(pool, r);
}

/* The same for those that are queued, as far as the first whose turn has not come. */
static void serve_queued(struct pool *pool)
{
    exec_queue_again(&pool->queue);
    for (struct relay *r = pool->relays.first; r != NULL && !pool->queue.waiting; r = relay_next(r))
        if (relay_held(r))
            serve(pool, r);
}

/* A connection, for Docker or (target) for a stream; returned: one that was held before, and
 * was counted then. */
static void admit(struct pool *pool, int fd, struct target *target, bool returned)
{
    int64_t hold_ms = pool->profile->hold_ms;
    struct relay *r = NULL;
    struct err e = ERR_INIT;

    /* A tether that wants a stream has a deadline of its own, and is to hear the
     * reason before it. */
    if (target != NULL && hold_ms > STREAM_HOLD_MS)
        hold_ms = STREAM_HOLD_MS;
    pool->total += !returned;
    if (!returned && crowded(pool, fd, &e))
        reject_client(&pool->rejects, fd, target != NULL, &e);
    else if (pool->session == NULL && pool->refusing)
        pool_refuse_down(pool, fd, target);
    else if ((r = relay_new(pool->loop, fd, hold_ms, returned || pool->session == NULL, &pool->relay_owner,
                            target)) == NULL)
        close(fd);
    if (r == NULL) {
        pool_target_free(target);
        return;
    }
    relay_list_add(&pool->relays, r);
    if (pool->session != NULL)
        serve(pool, r);
    else
        pool->owner.demand(pool->owner.user);
}

void pool_accept(struct pool *pool, int fd)
{
    admit(pool, fd, NULL, false);
}

void pool_take_back(struct pool *pool, int fd)
{
    admit(pool, fd, NULL, true);
}

void pool_accept_stream(struct pool *pool, int fd, const char *host, int64_t port)
{
    struct target *target = mem_alloc(sizeof *target);

    target->host = mem_strdup(host);
    target->port = port;
    admit(pool, fd, target, false);
}

void pool_serve(struct pool *pool, struct session *s, enum transport transport, const char *socket,
                struct channel *ready)
{
    assert(pool->session == NULL && !pool->closing);
    pool->session = s;
    pool->transport = transport;
    pool->refusing = pool->prohibited = false;
    mem_replace(&pool->socket, socket);
    free(pool->command);
    pool->command = dial_command_text(pool->profile, socket);
    exec_queue_begin(&pool->queue);
    /* dial-stdio costs a process at the other end for each one. */
    if (transport == TRANSPORT_STREAMLOCAL)
        pool->spare = spare_new(s, socket, pool->profile->spare_channels, ready, pool_mark_dirty, pool);
    serve_held(pool);
    pool_mark_dirty(pool);
}

void pool_suspend(struct pool *pool)
{
    spare_free(pool->spare);
    pool->spare = NULL;
    for (struct relay *r = pool->relays.first; r != NULL; r = relay_next(r))
        /* Nothing of it went into a channel, so it can have another. A tether that
         * wants a stream was told that it is there, and commands are counted. */
        if (relay_opening(r) || relay_held(r) ||
            (relay_unsent(r) && relay_tag(r) == NULL && !pool_by_command(pool)))
            relay_hold(r, pool->profile->hold_ms);
        else
            relay_cut(r);
    pool->session = NULL;
    pool->queue.waiting = false;
}

void pool_set_refusing(struct pool *pool, bool refuse)
{
    pool->refusing = refuse;
    if (!refuse)
        return;
    for (struct relay *r = pool->relays.first; r != NULL; r = relay_next(r))
        if (relay_held(r))
            pool_refuse_down(pool, relay_release(r), relay_tag(r));
}

/* Two round trips; 0 on a fast line, where waiting would gain nothing. */
static int64_t farewell_ms(const struct pool *pool)
{
    int64_t round_trip_us = pool->session != NULL ? session_round_trip_us(pool->session) : -1;

    if (round_trip_us < FAREWELL_FROM_US)
        return 0;
    return 2 * round_trip_us / 1000 < FAREWELL_MAX_MS ? 2 * round_trip_us / 1000 : FAREWELL_MAX_MS;
}

void pool_begin_turn(struct pool *pool)
{
    pool->relay_owner.loop_turn++;
    pool->relay_owner.more = false;
    pool->relay_owner.farewell_ms = farewell_ms(pool);
}

bool pool_has_more(const struct pool *pool)
{
    return pool->relay_owner.more;
}

/* Steps every relay that has a channel; they stand before those that are queued, nearly
 * always. A refusal is seen only when it is asked for: the channels that are opening are
 * asked in turn, each once after the last packet. */
static void step_relays(struct pool *pool)
{
    const struct relay_owner *o = &pool->relay_owner;
    const size_t opening = o->opening, first = opening > 0 ? pool->next_probe % opening : 0;
    size_t left = opening + o->open, nth = 0;

    pool->next_probe = first;
    for (struct relay *r = pool->relays.first; r != NULL && left > 0; r = relay_next(r)) {
        if (relay_held(r) || relay_done(r))
            continue;
        left--;
        bool probe = relay_opening(r) && (nth++ + opening - first) % opening < PROBES_PER_STEP;
        relay_step(r, probe);
        pool->unprobed -= probe && pool->unprobed > 0;
        pool->next_probe += probe && relay_opening(r);
    }
    /* Channels open without being asked, too, and clients go away. */
    if (pool->unprobed > o->opening)
        pool->unprobed = o->opening;
}

void pool_step(struct pool *pool)
{
    if (pool->session == NULL)
        return;
    uint64_t packets = session_packets_in(pool->session);
    if (packets != pool->packets)
        pool->unprobed = pool->relay_owner.opening;
    pool->packets = packets;
    pool->told_congested = false;
    step_relays(pool);
    if (pool->queue.waiting)
        serve_queued(pool);
    if (pool->spare != NULL)
        spare_step(pool->spare);
    /* libssh receives and sends in every call, so a later step can have brought
     * what an earlier relay waits for, and no event will tell. */
    if (session_packets_in(pool->session) != packets || pool->unprobed > 0 ||
        (pool->told_congested && !session_congested(pool->session)))
        pool_mark_dirty(pool);
}

int64_t pool_due_ms(struct pool *pool)
{
    return pool->spare != NULL ? spare_due_ms(pool->spare) : exec_queue_due_ms(&pool->queue);
}

struct pool_counts pool_counts(const struct pool *pool)
{
    const struct relay_owner *o = &pool->relay_owner;

    return (struct pool_counts){
        .open = o->opening + o->open,
        .held = o->held,
        .total = pool->total,
        .refused = pool->rejects.total,
        .streams = o->tagged,
        .bytes_in = o->bytes_in,
        .bytes_out = o->bytes_out,
    };
}

bool pool_prohibited(const struct pool *pool)
{
    return pool->prohibited;
}

bool pool_serving(const struct pool *pool)
{
    return pool->session != NULL;
}

int pool_listen_limit(const struct pool *pool)
{
    return pool->limits.listen_limit;
}

bool pool_empty(const struct pool *pool)
{
    return pool->relays.count == 0 && pool->rejects.count == 0;
}

size_t pool_give_held(struct pool *pool, int *fds, size_t max)
{
    size_t count = 0;

    if (pool->session != NULL)
        return 0;
    for (struct relay *r = pool->relays.first; r != NULL && count < max; r = relay_next(r))
        if (relay_held(r) && relay_unread(r) && relay_tag(r) == NULL)
            fds[count++] = relay_release(r);
    return count;
}

void pool_maybe_free(void *user)
{
    struct pool *pool = user;

    if (!pool->closing || pool->relays.count > 0 || pool->rejects.count > 0)
        return;
    epoll_set_close(pool->relay_owner.epoll);
    free(pool->relay_owner.scratch);
    reject_clear(&pool->rejects);
    free(pool->socket);
    free(pool->command);
    free(pool);
}

struct pool *pool_new(uv_loop_t *loop, const struct profile *p, struct log *log,
                      const struct pool_owner *owner)
{
    struct epoll_set *epoll = epoll_set_new(loop);

    if (epoll == NULL)
        return NULL;
    struct pool *pool = mem_alloc(sizeof *pool);
    pool->loop = loop;
    pool->profile = p;
    pool->log = log;
    pool->owner = *owner;
    limits_init(&pool->limits);
    pool->rejects =
        (struct reject){ .loop = loop, .name = p->name, .emptied = pool_maybe_free, .user = pool };
    exec_queue_init(&pool->queue, &pool->relays, &pool->relay_owner, p->hold_ms, log);
    pool->relay_owner = (struct relay_owner){
        .scratch = mem_alloc(SCRATCH_SIZE),
        .scratch_size = SCRATCH_SIZE,
        .epoll = epoll,
    };
    pool_events_init(pool);
    return pool;
}

void pool_close(struct pool *pool)
{
    if (pool == NULL)
        return;
    pool_suspend(pool);
    pool->closing = true;
    for (struct relay *r = pool->relays.first; r != NULL; r = relay_next(r))
        relay_close(r);
    reject_close(&pool->rejects);
    pool_maybe_free(pool);
}
