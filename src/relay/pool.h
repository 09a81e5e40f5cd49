/* pool: the local connections of a tether: held while there is no session, relayed while
 * there is one, and rejected with the reason when neither is possible. */
#ifndef DOCKTETHER_RELAY_POOL_H
#define DOCKTETHER_RELAY_POOL_H

#include "base/err.h"
#include "base/log.h"
#include "ssh/channel.h"
#include "store/profile.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct pool;

struct pool_owner {
    /* libssh was called: pool_step() before the loop polls again. */
    void (*dirty)(void *user);
    /* A connection is being held: a session is wanted. */
    void (*demand)(void *user);
    /* Why there is no session now, for a client that was held too long. */
    const struct err *(*reason)(void *user);
    void *user;
};

struct pool_counts {
    uint64_t open, held, total, refused;
    uint64_t streams; /* of those open or held: for other tethers */
    uint64_t bytes_in, bytes_out;
};

/* profile and log must outlive it. NULL when the system has no descriptor left. */
struct pool *pool_new(uv_loop_t *loop, const struct profile *p, struct log *log,
                      const struct pool_owner *owner);

/* A new local connection; fd is the pool's. */
void pool_accept(struct pool *pool, int fd);

/* One that pool_give_held() gave away, and that came back: it has waited, so it is forgotten
 * when it has given up. fd is the pool's. */
void pool_take_back(struct pool *pool, int fd);

/* A connection that wants a TCP stream to host:port at the other side; fd is
 * the pool's. It is answered with a line of the control protocol, and then is
 * the stream. */
void pool_accept_stream(struct pool *pool, int fd, const char *host, int64_t port);

/* From now on connections go over this session, by transport (TRANSPORT_AUTO
 * for a profile without Docker) to socket (NULL: the command knows); those held
 * are served first, oldest first. ready (may be NULL) is an open and
 * unused channel to that socket, which the pool takes over. If the server limits the commands
 * that run at once, further relays are queued, see exec-queue.h. */
void pool_serve(struct pool *pool, struct session *s, enum transport transport, const char *socket,
                struct channel *ready);

/* No session any more: channels are given up, and relays are closed. Those that are held,
 * or of which nothing was sent yet, stay held, and new ones are held. Call it before
 * session_free(). */
void pool_suspend(struct pool *pool);

/* Until pool_serve(): connections, held and new ones, are rejected at once (true), or held
 * (false). */
void pool_set_refusing(struct pool *pool, bool refuse);

void pool_step(struct pool *pool);

/* A turn of the loop begins, in which each connection has its share; whether some
 * have used theirs up, and the loop must not sleep before the next. */
void pool_begin_turn(struct pool *pool);
bool pool_has_more(const struct pool *pool);

/* When pool_step() has to be called next even if nothing happens; -1: never. */
int64_t pool_due_ms(struct pool *pool);

struct pool_counts pool_counts(const struct pool *pool);

/* Between pool_serve() and pool_suspend(). */
bool pool_serving(const struct pool *pool);

/* True when the server has refused a stream in this session without a reason, as sshd does
 * when its configuration forbids it; a session has the configuration of its beginning. */
bool pool_prohibited(const struct pool *pool);

/* Descriptors from this number on are left to the session and to control: see
 * listener_set_limit(). */
int pool_listen_limit(const struct pool *pool);

/* True when no connection is left, those that are being refused included. */
bool pool_empty(const struct pool *pool);

/* Gives away the clients for Docker that wait for a session, the oldest first:
 * their number. Nothing was read from them; the descriptors are the caller's. */
size_t pool_give_held(struct pool *pool, int *fds, size_t max);

/* Closes every connection; the memory goes after the last uv callback, and
 * nothing of the owner is called any more. */
void pool_close(struct pool *pool);

#endif
