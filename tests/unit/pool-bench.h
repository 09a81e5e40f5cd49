/* pool-bench: a pool on a loop of its own with a fake server behind it and clients in front. */
#ifndef DOCKTETHER_TESTS_POOL_BENCH_H
#define DOCKTETHER_TESTS_POOL_BENCH_H

#include "base/err.h"
#include "fake-channel.h"
#include "relay/pool.h"
#include "store/profile.h"

#include <uv.h>

#define BENCH_SOCKET "/var/run/docker.sock"

struct bench {
    uv_loop_t loop;
    struct profile *profile;
    struct pool *pool;
    struct session *session; /* the one that is served, or was served last */
    bool dirty;
    size_t demands;
    size_t max_commands; /* of the next session's server */
    struct err reason;
    struct session *past[8];
    size_t past_count;
};

/* cmocka's setup and teardown; *state is the bench. No spares, hold is a minute. */
int bench_up(void **state);
int bench_down(void **state);

/* A pool of its own for what the test has changed in b->profile. */
void bench_restart(struct bench *b);

/* A new session whose server answers opens like that, served; and its loss. */
struct session *bench_serve(struct bench *b, enum transport transport, enum fake_answer answers);
void bench_lose(struct bench *b);

/* A connection; its other end is the pool's. */
int bench_client(struct bench *b);
int bench_client_says(struct bench *b, const char *text);

/* Until nothing more happens by itself. */
void bench_settle(struct bench *b);

/* Until the client can read something, or an end. */
void bench_await(struct bench *b, int client);

/* What the client reads, once; "" at the end of the stream, "reset" when that was cut,
 * "nothing" while there is nothing. Until the next call. */
const char *client_reads(int client);

/* True when the client reads the 503 that holds these words. */
bool client_refused(int client, const char *words);

#endif
