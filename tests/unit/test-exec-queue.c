/* The queue before a server that runs only so many commands at once, under a pool. */
#include "pool-bench.h"
#include "relay/pool-internal.h"
#include "relay/relay-internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#define CROWD 10000
#define PLACES 10

/* The linker sends every look at a list's next relay here. */
static size_t looks;
struct relay *__real_relay_next(const struct relay *r);
struct relay *__wrap_relay_next(const struct relay *r);

struct relay *__wrap_relay_next(const struct relay *r)
{
    looks++;
    return __real_relay_next(r);
}

static struct session *serve_by_command(struct bench *b, size_t places)
{
    b->max_commands = places;
    return bench_serve(b, TRANSPORT_DIAL_STDIO, FAKE_GRANT);
}

static void ends(struct channel *ch)
{
    ch->ending.status = 0;
    fake_end(ch);
}

/* Lets time pass until text has arrived at the server. */
static void await_served(struct bench *b, struct session *s, const char *text)
{
    while (fake_channel_of(s, text) == NULL) {
        b->dirty = true;
        bench_settle(b);
    }
}

static void commands_wait_for_their_turn_in_the_order_of_arrival(void **state)
{
    static const char *const texts[] = { "1", "2", "3", "4", "5" };
    struct bench *b = *state;
    struct session *s = serve_by_command(b, 2);
    int clients[5];

    for (size_t i = 0; i < 5; i++)
        clients[i] = bench_client_says(b, texts[i]);
    bench_settle(b);
    assert_non_null(fake_channel_of(s, "1"));
    assert_non_null(fake_channel_of(s, "2"));
    assert_int_equal(fake_open_count(s), 2);
    assert_int_equal(pool_counts(b->pool).held, 3);
    for (size_t i = 0; i < 5; i++) {
        assert_non_null(fake_channel_of(s, texts[i]));
        assert_int_equal(fake_open_count(s), i < 4 ? 2 : 1);
        ends(fake_channel_of(s, texts[i]));
        if (i + 2 < 5)
            await_served(b, s, texts[i + 2]);
        bench_settle(b);
        assert_string_equal(client_reads(clients[i]), "");
        close(clients[i]);
    }
}

static void a_server_without_a_limit_makes_nobody_wait(void **state)
{
    struct bench *b = *state;
    struct session *s = serve_by_command(b, 0);
    int clients[50];

    for (size_t i = 0; i < 50; i++)
        clients[i] = bench_client_says(b, "GET /");
    bench_settle(b);
    assert_int_equal(fake_open_count(s), 50);
    assert_int_equal(pool_counts(b->pool).held, 0);
    for (size_t i = 0; i < 50; i++)
        close(clients[i]);
}

static void a_command_that_cannot_run_is_no_matter_of_turns(void **state)
{
    struct bench *b = *state;
    struct session *s = bench_serve(b, TRANSPORT_DIAL_STDIO, FAKE_SILENT);

    int client = bench_client_says(b, "GET /");
    fake_refuse(fake_channel(s, 0), "exec request failed");
    b->dirty = true;
    bench_await(b, client);
    assert_true(client_refused(client, "exec request failed"));
    close(client);
}

static void a_client_whose_turn_never_comes_is_refused(void **state)
{
    struct bench *b = *state;

    b->pool->queue.patience_ms = 30;
    struct session *s = serve_by_command(b, 1);
    int busy = bench_client_says(b, "GET /events");
    bench_settle(b);
    int client = bench_client_says(b, "GET /");
    bench_await(b, client);
    assert_true(client_refused(client, "server runs no more than 1 commands at once"));
    assert_int_equal(fake_open_count(s), 1);
    close(busy);
    close(client);
}

static void a_queued_client_that_leaves_is_forgotten(void **state)
{
    struct bench *b = *state;
    struct session *s = serve_by_command(b, 1);

    int busy = bench_client_says(b, "GET /events"), leaves = bench_client_says(b, "DELETE /volumes/x"),
        stays = bench_client_says(b, "GET /");
    bench_settle(b);
    close(leaves);
    bench_settle(b);
    assert_int_equal(pool_counts(b->pool).held, 1);
    ends(fake_channel_of(s, "GET /events"));
    await_served(b, s, "GET /");
    assert_null(fake_channel_of(s, "DELETE /volumes/x"));
    close(busy);
    close(stays);
}

static void queued_clients_are_held_on_when_the_session_is_lost(void **state)
{
    struct bench *b = *state;

    serve_by_command(b, 1);
    int busy = bench_client_says(b, "GET /events"), client = bench_client_says(b, "GET /");
    bench_settle(b);
    bench_lose(b);
    bench_settle(b);
    assert_string_equal(client_reads(busy), "reset");
    struct session *s = serve_by_command(b, 1);
    bench_settle(b);
    assert_non_null(fake_channel_of(s, "GET /"));
    close(busy);
    close(client);
}

/* In mid-answer: the command may go on for as long as it likes, and others wait. */
static void a_client_that_is_reset_gives_its_place_back_soon(void **state)
{
    struct bench *b = *state;
    struct session *s = serve_by_command(b, 1);

    int reset = bench_client_says(b, "GET /blob"), next = bench_client_says(b, "GET /");
    bench_settle(b);
    b->pool->relays.first->up_ms -= 1000; /* the answer comes a second later */
    fake_send(fake_channel_of(s, "GET /blob"), "the beginning");
    bench_settle(b);
    close(reset); /* with that unread */
    bench_settle(b);
    assert_in_range(uv_timer_get_due_in(&b->pool->relays.first->timer), 0, 100);
    await_served(b, s, "GET /");
    close(next);
}

/* What was asked last may still be on its way to the engine. */
static void a_client_that_goes_before_its_answer_keeps_it_longer(void **state)
{
    struct bench *b = *state;
    struct session *s = serve_by_command(b, 1);

    int client = bench_client_says(b, "GET /blob");
    bench_settle(b);
    b->pool->relays.first->up_ms -= 1000;
    fake_send(fake_channel_of(s, "GET /blob"), "the beginning");
    assert_int_equal(send(client, "POST /", 6, 0), 6);
    bench_settle(b);
    close(client);
    bench_settle(b);
    assert_in_range(uv_timer_get_due_in(&b->pool->relays.first->timer), 1000, 2000);
    assert_non_null(fake_channel_of(s, "GET /blobPOST /"));
}

/* ---- many ------------------------------------------------------------------------------ */

/* Operations and not time: looks at the list, and steps of channels, of one change. */
static void a_crowd_costs_no_more_than_those_that_run(void **state)
{
    struct bench *b = *state;
    struct rlimit files;
    size_t crowd = CROWD;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    if (files.rlim_cur < 2 * CROWD + 200)
        crowd = (size_t)files.rlim_cur / 2 - 100;
    int *clients = calloc(crowd, sizeof *clients);
    b->profile->max_connections = b->profile->max_held = CROWD;
    bench_restart(b); /* with the limit of descriptors that it has now */
    struct session *s = serve_by_command(b, PLACES);
    for (size_t i = 0; i < crowd; i++)
        clients[i] = bench_client_says(b, "GET /");
    looks = 0;
    bench_settle(b);
    assert_int_equal(pool_counts(b->pool).held, crowd - PLACES);

    print_message("# %zu clients: %zu looks to settle\n", crowd, looks);
    for (size_t i = 0, next = 0; i < 20; i++) {
        while (fake_channel(s, next)->given_up || fake_channel(s, next)->session_refused)
            next++;
        looks = s->steps = 0;
        ends(fake_channel(s, next));
        while (pool_counts(b->pool).held > crowd - PLACES - i - 1) {
            b->dirty = true;
            b->pool->queue.max_sessions.not_before_ms = 0; /* the pause for the server */
            bench_settle(b);
        }
        assert_in_range(looks, 1, 1000);
        assert_in_range(s->steps, 1, 1000);
    }
    /* One more client of a crowd is one more at the end. */
    looks = 0;
    int last = bench_client_says(b, "GET /");
    assert_in_range(looks, 0, 100);
    for (size_t i = 0; i < crowd; i++)
        close(clients[i]);
    close(last);
    free(clients);
}

#define QUEUE_TEST(f) cmocka_unit_test_setup_teardown(f, bench_up, bench_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        QUEUE_TEST(commands_wait_for_their_turn_in_the_order_of_arrival),
        QUEUE_TEST(a_server_without_a_limit_makes_nobody_wait),
        QUEUE_TEST(a_command_that_cannot_run_is_no_matter_of_turns),
        QUEUE_TEST(a_client_whose_turn_never_comes_is_refused),
        QUEUE_TEST(a_queued_client_that_leaves_is_forgotten),
        QUEUE_TEST(queued_clients_are_held_on_when_the_session_is_lost),
        QUEUE_TEST(a_client_that_is_reset_gives_its_place_back_soon),
        QUEUE_TEST(a_client_that_goes_before_its_answer_keeps_it_longer),
        QUEUE_TEST(a_crowd_costs_no_more_than_those_that_run),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
