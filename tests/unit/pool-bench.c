#include "pool-bench.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define STEPS_PER_TURN 8 /* as a tether's */
#define PATIENCE_MS 20000

static void on_dirty(void *user)
{
    struct bench *b = user;

    b->dirty = true;
}

static void on_demand(void *user)
{
    struct bench *b = user;

    b->demands++;
}

static const struct err *reason(void *user)
{
    struct bench *b = user;

    return &b->reason;
}

static void pool_up(struct bench *b)
{
    const struct pool_owner owner = { .dirty = on_dirty, .demand = on_demand, .reason = reason, .user = b };

    b->pool = pool_new(&b->loop, b->profile, NULL, &owner);
    assert_non_null(b->pool);
}

int bench_up(void **state)
{
    struct bench *b = mem_alloc(sizeof *b);

    *state = b;
    assert_int_equal(uv_loop_init(&b->loop), 0);
    b->profile = profile_new("lab");
    mem_replace(&b->profile->host, "server");
    b->profile->hold_ms = 60000;
    b->profile->spare_channels = 0;
    err_set(&b->reason, ERR_UNREACHABLE, "TCP", "nobody is there");
    pool_up(b);
    return 0;
}

int bench_down(void **state)
{
    struct bench *b = *state;

    pool_close(b->pool);
    uv_run(&b->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&b->loop), 0);
    for (size_t i = 0; i < b->past_count; i++) {
        assert_int_equal(fake_open_count(b->past[i]), 0);
        fake_session_free(b->past[i]);
    }
    profile_free(b->profile);
    free(b);
    return 0;
}

void bench_restart(struct bench *b)
{
    pool_close(b->pool);
    uv_run(&b->loop, UV_RUN_DEFAULT);
    pool_up(b);
}

struct session *bench_serve(struct bench *b, enum transport transport, enum fake_answer answers)
{
    b->session = fake_session_new();
    b->session->answers = answers;
    b->session->max_commands = b->max_commands;
    assert_true(b->past_count < sizeof b->past / sizeof *b->past);
    b->past[b->past_count++] = b->session;
    pool_serve(b->pool, b->session, transport, BENCH_SOCKET, NULL);
    return b->session;
}

void bench_lose(struct bench *b)
{
    b->session->lost = true;
    pool_suspend(b->pool);
}

int bench_client(struct bench *b)
{
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    assert_int_equal(fcntl(fds[1], F_SETFL, O_NONBLOCK), 0);
    pool_accept(b->pool, fds[1]);
    return fds[0];
}

int bench_client_says(struct bench *b, const char *text)
{
    int client = bench_client(b);

    assert_int_equal(send(client, text, strlen(text), MSG_NOSIGNAL), strlen(text));
    return client;
}

/* A turn of the loop, as tether.c has it. */
static bool turn(struct bench *b, uv_run_mode mode)
{
    bool moved = b->dirty || pool_has_more(b->pool);

    b->dirty = moved;
    pool_begin_turn(b->pool);
    for (int i = 0; b->dirty && i < STEPS_PER_TURN; i++) {
        b->dirty = false;
        pool_step(b->pool);
    }
    uv_run(&b->loop, b->dirty || pool_has_more(b->pool) ? UV_RUN_NOWAIT : mode);
    return moved || b->dirty;
}

void bench_settle(struct bench *b)
{
    int quiet = 0;

    while (quiet < 3)
        quiet = turn(b, UV_RUN_NOWAIT) ? 0 : quiet + 1;
}

static void on_late(uv_timer_t *timer)
{
    (void)timer;
    fail_msg("nothing came");
}

void bench_await(struct bench *b, int client)
{
    struct pollfd p = { .fd = client, .events = POLLIN };
    uv_timer_t late;

    uv_timer_init(&b->loop, &late);
    uv_timer_start(&late, on_late, PATIENCE_MS, 0);
    while (poll(&p, 1, 0) == 0)
        turn(b, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&late, NULL);
    uv_run(&b->loop, UV_RUN_NOWAIT);
}

const char *client_reads(int client)
{
    static char buf[8192];
    ssize_t n = recv(client, buf, sizeof buf - 1, MSG_DONTWAIT);

    if (n < 0)
        return errno == ECONNRESET ? "reset" : "nothing";
    buf[n] = '\0';
    return buf;
}

bool client_refused(int client, const char *words)
{
    const char *answer = client_reads(client);

    return strncmp(answer, "HTTP/1.1 503 ", 13) == 0 && strstr(answer, words) != NULL;
}
