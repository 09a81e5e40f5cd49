/* A client that gives up while it waits is forgotten: nothing of it goes up, ever. */
#include "pool-bench.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define CHANGE "DELETE /volumes/x"

static bool went_up(struct bench *b)
{
    for (size_t i = 0; i < b->past_count; i++)
        for (size_t k = 0; k < b->past[i]->count; k++)
            if (b->past[i]->channels[k]->written != NULL)
                return true;
    return false;
}

static struct session *serve(struct bench *b, enum fake_answer answers)
{
    struct session *s = bench_serve(b, TRANSPORT_STREAMLOCAL, answers);

    bench_settle(b);
    return s;
}

static void a_held_client(void **state)
{
    struct bench *b = *state;
    int client = bench_client_says(b, CHANGE);

    bench_settle(b);
    assert_int_equal(pool_counts(b->pool).held, 1);
    close(client);
    bench_settle(b);
    assert_int_equal(pool_counts(b->pool).held, 0);
    serve(b, FAKE_GRANT);
    assert_int_equal(b->session->count, 0);
}

/* The news that it has gone comes after the session. */
static void a_held_client_that_goes_as_the_session_comes(void **state)
{
    struct bench *b = *state;
    int client = bench_client_says(b, CHANGE);

    bench_settle(b);
    close(client);
    serve(b, FAKE_GRANT);
    assert_false(went_up(b));
    assert_int_equal(fake_open_count(b->session), 0);
}

/* Nothing is known of it yet, and there is a channel at once. */
static void a_client_that_was_handed_over(void **state)
{
    struct bench *b = *state;
    int client = bench_client_says(b, CHANGE);

    close(client);
    serve(b, FAKE_GRANT);
    assert_false(went_up(b));
    assert_int_equal(pool_counts(b->pool).open, 0);
}

static void a_client_whose_channel_is_being_opened(void **state)
{
    struct bench *b = *state;
    struct session *s = serve(b, FAKE_SILENT);
    int client = bench_client_says(b, CHANGE);

    bench_settle(b);
    assert_int_equal(fake_open_count(s), 1);
    close(client);
    bench_settle(b);
    assert_int_equal(fake_open_count(s), 0);
    assert_false(went_up(b));
    assert_int_equal(pool_counts(b->pool).open, 0);
}

/* It has gone, and both that and the channel are told in the same turn. */
static void a_client_that_goes_as_its_channel_opens(void **state)
{
    struct bench *b = *state;
    struct session *s = serve(b, FAKE_SILENT);
    int client = bench_client_says(b, CHANGE);

    bench_settle(b);
    close(client);
    fake_grant(fake_channel(s, 0));
    b->dirty = true;
    bench_settle(b);
    assert_false(went_up(b));
    assert_int_equal(fake_open_count(s), 0);
}

static void a_client_whose_bytes_wait_for_the_line(void **state)
{
    struct bench *b = *state;
    struct session *s = serve(b, FAKE_GRANT);

    s->congested = true;
    int client = bench_client_says(b, CHANGE);
    bench_settle(b);
    close(client);
    bench_settle(b);
    s->congested = false;
    b->dirty = true;
    bench_settle(b);
    assert_false(went_up(b));
    assert_int_equal(fake_open_count(s), 0);
}

static void a_client_whose_bytes_wait_for_the_servers_window(void **state)
{
    struct bench *b = *state;
    struct session *s = serve(b, FAKE_GRANT);

    s->window = 0;
    int client = bench_client_says(b, CHANGE);
    bench_settle(b);
    close(client);
    bench_settle(b);
    fake_channel(s, 0)->window = 1024;
    b->dirty = true;
    bench_settle(b);
    assert_false(went_up(b));
}

static void a_client_that_closes_both_directions_and_stays(void **state)
{
    struct bench *b = *state;
    int client = bench_client_says(b, CHANGE);

    bench_settle(b);
    shutdown(client, SHUT_RDWR);
    bench_settle(b);
    assert_int_equal(pool_counts(b->pool).held, 0);
    serve(b, FAKE_GRANT);
    assert_false(went_up(b));
    close(client);
}

/* ---- none of these gives up ------------------------------------------------------------ */

static void a_half_close_is_not_giving_up(void **state)
{
    struct bench *b = *state;
    int client = bench_client_says(b, "GET /");

    shutdown(client, SHUT_WR);
    bench_settle(b);
    assert_int_equal(pool_counts(b->pool).held, 1);
    struct session *s = serve(b, FAKE_GRANT);
    assert_string_equal(fake_channel(s, 0)->written, "GET /");
    assert_true(fake_channel(s, 0)->eof_sent);
    fake_send(fake_channel(s, 0), "200");
    assert_string_equal(client_reads(client), "200");
    close(client);
}

static void nor_is_one_while_the_channel_is_being_opened(void **state)
{
    struct bench *b = *state;
    struct session *s = serve(b, FAKE_SILENT);
    int client = bench_client_says(b, "GET /");

    shutdown(client, SHUT_WR);
    bench_settle(b);
    fake_grant(fake_channel(s, 0));
    b->dirty = true;
    bench_settle(b);
    assert_string_equal(fake_channel(s, 0)->written, "GET /");
    assert_true(fake_channel(s, 0)->eof_sent);
    close(client);
}

static void a_client_that_need_not_wait_may_write_and_go(void **state)
{
    struct bench *b = *state;

    b->profile->spare_channels = 1;
    struct session *s = serve(b, FAKE_GRANT);
    b->dirty = true;
    bench_settle(b);
    int client = bench_client_says(b, "POST /");
    close(client);
    bench_settle(b);
    assert_string_equal(fake_channel(s, 0)->written, "POST /");
    assert_true(fake_channel(s, 0)->eof_sent || fake_channel(s, 0)->given_up);
}

/* Once a part has gone up the rest does, too: the request may be under way. */
static void what_has_begun_to_go_up_goes_up_whole(void **state)
{
    struct bench *b = *state;
    int client = bench_client_says(b, CHANGE);

    bench_settle(b);
    struct session *s = serve(b, FAKE_SILENT);
    fake_channel(s, 0)->window = 6;
    fake_grant(fake_channel(s, 0));
    b->dirty = true;
    bench_settle(b);
    assert_string_equal(fake_channel(s, 0)->written, "DELETE");
    close(client);
    bench_settle(b);
    fake_channel(s, 0)->window = 1024;
    b->dirty = true;
    bench_settle(b);
    assert_string_equal(fake_channel(s, 0)->written, CHANGE);
}

#define POOL_TEST(f) cmocka_unit_test_setup_teardown(f, bench_up, bench_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(a_held_client),
        POOL_TEST(a_held_client_that_goes_as_the_session_comes),
        POOL_TEST(a_client_that_was_handed_over),
        POOL_TEST(a_client_whose_channel_is_being_opened),
        POOL_TEST(a_client_that_goes_as_its_channel_opens),
        POOL_TEST(a_client_whose_bytes_wait_for_the_line),
        POOL_TEST(a_client_whose_bytes_wait_for_the_servers_window),
        POOL_TEST(a_client_that_closes_both_directions_and_stays),
        POOL_TEST(a_half_close_is_not_giving_up),
        POOL_TEST(nor_is_one_while_the_channel_is_being_opened),
        POOL_TEST(a_client_that_need_not_wait_may_write_and_go),
        POOL_TEST(what_has_begun_to_go_up_goes_up_whole),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
