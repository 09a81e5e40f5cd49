/* pool-internal: a pool as pool.c (admitting, serving, its life) and pool-events.c (what its
 * relays report) share it. */
#ifndef DOCKTETHER_RELAY_POOL_INTERNAL_H
#define DOCKTETHER_RELAY_POOL_INTERNAL_H

#include "relay/exec-queue.h"
#include "relay/limits.h"
#include "relay/pool.h"
#include "relay/reject.h"
#include "relay/relay.h"
#include "relay/spare.h"

struct pool {
    uv_loop_t *loop;
    const struct profile *profile;
    struct log *log;
    struct pool_owner owner;
    struct relay_owner relay_owner;
    struct relay_list relays;
    struct reject rejects;
    struct session *session; /* NULL: not serving */
    enum transport transport;
    char *socket;  /* at the other side; NULL: only the command knows */
    char *command; /* for dial-stdio */
    struct spare *spare;
    struct exec_queue queue; /* only with dial-stdio */
    struct limits limits;
    bool refusing;
    bool prohibited; /* see pool_prohibited() */
    bool closing;
    bool told_congested; /* a relay waits for the session's output to be sent */
    uint64_t packets;    /* that the session had received before the last step */
    size_t unprobed;     /* channels to be asked yet, in more steps, what those packets brought */
    size_t next_probe;   /* among those that are opening */
    uint64_t total;
};

/* Where a stream leads; the tag of its relay. Docker's have none. */
struct target {
    char *host;
    int64_t port;
};

void pool_target_free(struct target *target);

/* Whether clients of Docker are served by a command (dial-stdio). */
bool pool_by_command(const struct pool *pool);

/* libssh was called: the owner steps everything. */
void pool_mark_dirty(void *user);

/* Opens a channel of its own for a relay that is held. */
void pool_attach_new(struct pool *pool, struct relay *r);

/* Rejects fd (-1: does nothing) with the reason why there is no session. fd is closed. */
void pool_refuse_down(struct pool *pool, int fd, const struct target *target);

/* pool-events.c: what relays report; the members that are not callbacks are left alone. */
void pool_events_init(struct pool *pool);

/* A relay whose channel the server refused, in these words. */
void pool_on_refused(void *user, struct relay *r, const char *words);

/* The last relay or the last rejected client of a closing pool has gone. */
void pool_maybe_free(void *user);

#endif
