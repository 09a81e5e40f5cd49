#include "tether/pool.h"

#include "base/mem.h"
#include "tether/quote.h"
#include "tether/refusal.h"
#include "tether/relay.h"
#include "tether/spare.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SCRATCH_SIZE (64 * 1024)

/* Answers to opens come in the order of the opens, nearly always: asking the
 * oldest ones is enough, and asking costs a poll(2) each. */
#define PROBES_PER_STEP 8

#define REFUSALS_MAX 4096

struct pool {
    uv_loop_t *loop;
    const struct profile *profile;
    struct log *log;
    struct pool_owner owner;
    struct relay_owner relay_owner;
    struct relay_list relays;
    struct refusal **refusals;
    size_t refusal_count;
    struct session *session; /* NULL: not serving */
    enum transport transport;
    char *command; /* for dial-stdio */
    struct spare *spare;
    bool refuse;
    bool closing;
    bool told_congested; /* a relay waits for the session's output to be sent */
    uint64_t total, refused;
};

static void maybe_free(struct pool *pool)
{
    if (!pool->closing || pool->relays.count > 0 || pool->refusal_count > 0)
        return;
    free(pool->relay_owner.scratch);
    free(pool->refusals);
    free(pool->command);
    free(pool);
}

/* ---- refusing ------------------------------------------------------------ */

static void on_refusal_done(void *user, struct refusal *f)
{
    struct pool *pool = user;

    for (size_t i = 0; i < pool->refusal_count; i++)
        if (pool->refusals[i] == f)
            pool->refusals[i] = pool->refusals[--pool->refusal_count];
    maybe_free(pool);
}

static void refuse_fd(struct pool *pool, int fd, const char *text)
{
    char safe[1400], *message;

    if (fd < 0)
        return;
    pool->refused++;
    if (pool->refusal_count >= REFUSALS_MAX) {
        close(fd);
        return;
    }
    err_escape(safe, sizeof safe, text);
    message = mem_printf("docktether: %s: %s", pool->profile->name, safe);
    struct refusal *f = refusal_start(pool->loop, fd, message, on_refusal_done, pool);
    if (f != NULL) {
        pool->refusals = mem_resize(pool->refusals, pool->refusal_count + 1, sizeof(struct refusal *));
        pool->refusals[pool->refusal_count++] = f;
    }
    free(message);
}

/* With the reason why there is no session. */
static void refuse_down(struct pool *pool, int fd)
{
    char text[900], whole[1500];
    const struct err *why = pool->owner.reason(pool->owner.user);

    err_text(why, text, sizeof text);
    snprintf(whole, sizeof whole, "not connected%s%s%s%s", *why->msg ? ": " : "", *why->msg ? text : "",
             *why->hint ? ". Hint: " : "", why->hint);
    refuse_fd(pool, fd, whole);
}

/* ---- what relays tell ---------------------------------------------------- */

static void on_dirty(void *user)
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

static void on_refused(void *user, struct relay *r, const char *reason)
{
    struct pool *pool = user;
    char text[1200];

    /* sshd answers like that, too, when a session has all the commands it may. */
    bool limit = pool->transport == TRANSPORT_DIAL_STDIO && relay_opening(r);
    snprintf(text, sizeof text, "Docker socket: %s on %s cannot be reached by %s: %s. Hint: %s",
             pool->profile->socket, pool->profile->host,
             pool->transport == TRANSPORT_DIAL_STDIO ? pool->command : "streamlocal forwarding",
             *reason ? reason : "no reason given",
             limit ? "MaxSessions in its sshd_config limits how many run at once (10 unless set)"
                   : "is the Docker Engine running there?");
    log_warn(pool->log, "a connection was refused: %s", text);
    refuse_fd(pool, relay_release(r), text);
}

static void on_expired(void *user, struct relay *r)
{
    refuse_down(user, relay_release(r));
}

static void on_closed(void *user, struct relay *r)
{
    struct pool *pool = user;

    relay_list_remove(&pool->relays, r);
    maybe_free(pool);
}

/* ---- serving ------------------------------------------------------------- */

static struct channel *open_channel(struct pool *pool, struct relay *r, struct err *e)
{
    if (pool->transport == TRANSPORT_DIAL_STDIO)
        return channel_open_exec(pool->session, pool->command, &relay_callbacks, r, e);
    return channel_open_streamlocal(pool->session, pool->profile->socket, &relay_callbacks, r, e);
}

static void attach(struct pool *pool, struct relay *r)
{
    struct err e = ERR_INIT;
    struct channel *ch = pool->spare != NULL ? spare_take(pool->spare) : NULL;

    if (ch == NULL)
        ch = open_channel(pool, r, &e);
    if (ch == NULL)
        on_refused(pool, r, e.msg);
    else
        relay_attach(r, ch, pool->profile->connect_timeout_ms);
}

void pool_accept(struct pool *pool, int fd)
{
    char text[200];

    pool->total++;
    if (pool->relays.count >= (size_t)pool->profile->max_connections) {
        snprintf(
            text, sizeof text,
            "there are %zu connections already. Hint: docktether update %s --set max-connections=N allows more",
            pool->relays.count, pool->profile->name);
        refuse_fd(pool, fd, text);
        return;
    }
    if (pool->session == NULL && pool->refuse) {
        refuse_down(pool, fd);
        return;
    }
    struct relay *r = relay_new(pool->loop, fd, pool->profile->hold_ms, &pool->relay_owner);
    if (r == NULL) {
        close(fd);
        return;
    }
    relay_list_add(&pool->relays, r);
    if (pool->session != NULL)
        attach(pool, r);
    else
        pool->owner.demand(pool->owner.user);
}

void pool_serve(struct pool *pool, struct session *s, enum transport transport)
{
    pool->session = s;
    pool->transport = transport;
    pool->refuse = false;
    for (struct relay *r = pool->relays.first; r != NULL; r = relay_next(r))
        if (relay_held(r))
            attach(pool, r);
    /* dial-stdio costs a process at the other end for each one. */
    if (transport == TRANSPORT_STREAMLOCAL && pool->profile->spare_channels > 0)
        pool->spare = spare_new(s, pool->profile->socket, pool->profile->spare_channels, on_dirty, pool);
    on_dirty(pool);
}

void pool_suspend(struct pool *pool)
{
    spare_free(pool->spare);
    pool->spare = NULL;
    for (struct relay *r = pool->relays.first; r != NULL; r = relay_next(r))
        if (!relay_held(r))
            relay_unattach(r, pool->profile->hold_ms);
    pool->session = NULL;
}

void pool_refuse(struct pool *pool, bool refuse)
{
    pool->refuse = refuse;
    if (!refuse)
        return;
    for (struct relay *r = pool->relays.first; r != NULL; r = relay_next(r))
        if (relay_held(r))
            refuse_down(pool, relay_release(r));
}

void pool_step(struct pool *pool)
{
    int probes = PROBES_PER_STEP;

    if (pool->session == NULL)
        return;
    uint64_t packets = session_packets_in(pool->session);
    pool->told_congested = false;
    for (struct relay *r = pool->relays.first; r != NULL; r = relay_next(r)) {
        bool probe = relay_opening(r) && probes > 0;
        probes -= probe;
        relay_step(r, probe);
    }
    if (pool->spare != NULL)
        spare_step(pool->spare);
    /* libssh receives and sends in every call, so a later step can have brought
     * what an earlier relay waits for, and no event will tell. */
    if (session_packets_in(pool->session) != packets ||
        (pool->told_congested && !session_congested(pool->session)))
        on_dirty(pool);
}

int64_t pool_due_ms(const struct pool *pool)
{
    return pool->spare != NULL ? spare_due_ms(pool->spare) : -1;
}

struct pool_counts pool_counts(const struct pool *pool)
{
    struct pool_counts c = {
        .total = pool->total,
        .refused = pool->refused,
        .bytes_in = pool->relay_owner.bytes_in,
        .bytes_out = pool->relay_owner.bytes_out,
    };
    for (const struct relay *r = pool->relays.first; r != NULL; r = relay_next(r)) {
        c.held += relay_held(r);
        c.open += !relay_held(r) && !relay_done(r);
    }
    return c;
}

struct pool *pool_new(uv_loop_t *loop, const struct profile *p, struct log *log,
                      const struct pool_owner *owner)
{
    struct pool *pool = mem_alloc(sizeof *pool);

    pool->loop = loop;
    pool->profile = p;
    pool->log = log;
    pool->owner = *owner;
    pool->command = quote_dial_command(p);
    pool->relay_owner = (struct relay_owner){
        .dirty = on_dirty,
        .congested = on_congested,
        .refused = on_refused,
        .expired = on_expired,
        .closed = on_closed,
        .user = pool,
        .scratch = mem_alloc(SCRATCH_SIZE),
        .scratch_size = SCRATCH_SIZE,
    };
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
    for (size_t i = 0; i < pool->refusal_count; i++)
        refusal_close(pool->refusals[i]);
    maybe_free(pool);
}
