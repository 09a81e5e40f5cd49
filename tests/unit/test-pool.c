/* A pool between clients and a fake server: held, served, refused, and what becomes of its
 * clients when the session is lost. */
#include "pool-bench.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static struct session *serve_granting(struct bench *b)
{
    return bench_serve(b, TRANSPORT_STREAMLOCAL, FAKE_GRANT);
}

/* ---- held ------------------------------------------------------------------------ */

static void held_clients_are_served_in_the_order_of_their_arrival(void **state)
{
    static const char *const texts[] = { "first", "second", "third" };
    struct bench *b = *state;
    int clients[3];

    for (size_t i = 0; i < 3; i++)
        clients[i] = bench_client_says(b, texts[i]);
    assert_int_equal(b->demands, 3);
    assert_int_equal(pool_counts(b->pool).held, 3);
    serve_granting(b);
    bench_settle(b);
    assert_int_equal(b->session->count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(fake_channel(b->session, i)->target, BENCH_SOCKET);
        assert_string_equal(fake_channel(b->session, i)->written, texts[i]);
        fake_send(fake_channel(b->session, i), texts[2 - i]);
        assert_string_equal(client_reads(clients[i]), texts[2 - i]);
        close(clients[i]);
    }
    assert_int_equal(pool_counts(b->pool).held, 0);
    assert_int_equal(pool_counts(b->pool).open, 3);
}

static void a_client_that_was_held_for_long_hears_why(void **state)
{
    struct bench *b = *state;

    b->profile->hold_ms = 20;
    int client = bench_client_says(b, "GET /");
    bench_await(b, client);
    assert_true(client_refused(client, "not connected: TCP: nobody is there"));
    assert_int_equal(pool_counts(b->pool).held, 0);
    assert_int_equal(pool_counts(b->pool).refused, 1);
    close(client);
}

static void no_more_are_held_than_the_profile_says(void **state)
{
    struct bench *b = *state;

    b->profile->max_held = 1;
    int first = bench_client_says(b, "GET /"), second = bench_client_says(b, "GET /");
    bench_await(b, second);
    assert_true(client_refused(second, "1 connections are already waiting for the session"));
    assert_string_equal(client_reads(first), "nothing");
    close(first);
    close(second);
}

static void no_more_are_open_than_the_profile_says(void **state)
{
    struct bench *b = *state;

    b->profile->max_connections = 1;
    serve_granting(b);
    int first = bench_client_says(b, "GET /"), second = bench_client_says(b, "GET /");
    bench_await(b, second);
    bench_settle(b);
    assert_true(client_refused(second, "there are 1 connections already"));
    assert_string_equal(fake_channel(b->session, 0)->written, "GET /");
    close(first);
    close(second);
}

static void nobody_is_held_while_the_pool_refuses(void **state)
{
    struct bench *b = *state;
    int clients[4];

    for (size_t i = 0; i < 3; i++)
        clients[i] = bench_client_says(b, "GET /");
    pool_set_refusing(b->pool, true); /* all three are released in one pass */
    clients[3] = bench_client_says(b, "GET /");
    for (size_t i = 0; i < 4; i++) {
        bench_await(b, clients[i]);
        assert_true(client_refused(clients[i], "nobody is there"));
        close(clients[i]);
    }
    pool_set_refusing(b->pool, false);
    int client = bench_client_says(b, "GET /");
    bench_settle(b);
    assert_string_equal(client_reads(client), "nothing");
    close(client);
}

static void held_clients_can_be_given_away(void **state)
{
    struct bench *b = *state;
    int fds[4] = { -1, -1, -1, -1 };
    char text[16] = "";

    int first = bench_client_says(b, "first"), second = bench_client_says(b, "second");
    assert_int_equal(pool_give_held(b->pool, fds, 4), 2);
    assert_int_equal(recv(fds[0], text, sizeof text, 0), 5);
    assert_string_equal(text, "first");
    pool_accept(b->pool, fds[1]);
    serve_granting(b);
    bench_settle(b);
    assert_string_equal(fake_channel(b->session, 0)->written, "second");
    close(first);
    close(second);
    close(fds[0]);
}

/* Docker's CLI tells an engine that has gone from one that answers by that alone. */
static void a_question_for_an_exit_status_is_reset(void **state)
{
    static const char *const resets[] = { "GET /v1.45/exec/0a1b/json HTTP/1.1\r\n\r\n",
                                          "GET /exec/0a1b/json HTTP/1.1\r\n\r\n" },
                             *const answers[] = { "GET /v1.45/containers/exec/json HTTP/1.1\r\n\r\n",
                                                  "POST /v1.45/exec/0a1b/json HTTP/1.1\r\n\r\n",
                                                  "GET /v1.45/exec/0a1b/jsonx HTTP/1.1\r\n\r\n",
                                                  "GET /containers/exec/0a1b/json HTTP/1.1\r\n\r\n" };
    struct bench *b = *state;

    pool_set_refusing(b->pool, true);
    for (size_t i = 0; i < sizeof resets / sizeof *resets; i++) {
        int client = bench_client_says(b, resets[i]);
        bench_await(b, client);
        assert_string_equal(client_reads(client), "reset");
        close(client);
    }
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        int client = bench_client_says(b, answers[i]);
        bench_await(b, client);
        assert_true(client_refused(client, "nobody is there"));
        close(client);
    }
}

/* ---- refused ----------------------------------------------------------------------- */

static void a_refused_channel_is_told_in_the_servers_words(void **state)
{
    struct bench *b = *state;

    bench_serve(b, TRANSPORT_STREAMLOCAL, FAKE_SILENT);
    int client = bench_client_says(b, "GET /");
    fake_refuse(fake_channel(b->session, 0), "open failed");
    b->dirty = true;
    bench_await(b, client);
    assert_true(client_refused(client, "/var/run/docker.sock on server cannot be reached by streamlocal "
                                       "forwarding: open failed. Hint: is the Docker Engine running "
                                       "there? docktether doctor lab looks"));
    close(client);
}

static void a_server_that_does_not_answer_is_not_waited_for_for_ever(void **state)
{
    struct bench *b = *state;

    b->profile->connect_timeout_ms = 20;
    bench_serve(b, TRANSPORT_STREAMLOCAL, FAKE_SILENT);
    int client = bench_client_says(b, "GET /");
    bench_await(b, client);
    assert_true(client_refused(client, "the server did not answer in time"));
    assert_true(fake_channel(b->session, 0)->given_up);
    close(client);
}

/* A refusal is seen by asking alone, and only so many are asked in one step. */
static void every_opening_channel_is_asked_in_its_turn(void **state)
{
    struct bench *b = *state;
    int clients[40];

    bench_serve(b, TRANSPORT_STREAMLOCAL, FAKE_SILENT);
    for (size_t i = 0; i < 40; i++)
        clients[i] = bench_client_says(b, "GET /");
    bench_settle(b);
    for (size_t i = 9; i < 40; i += 10) {
        fake_refuse(fake_channel(b->session, i), "connection refused");
        b->dirty = true;
        bench_await(b, clients[i]);
        assert_true(client_refused(clients[i], "connection refused"));
    }
    /* Without a packet nobody is asked. */
    bench_settle(b);
    size_t probes = b->session->probes;
    b->dirty = true;
    bench_settle(b);
    assert_in_range(b->session->probes - probes, 0, 8);
    for (size_t i = 0; i < 40; i++)
        close(clients[i]);
}

static void a_stream_is_told_that_it_is_there_and_why_it_is_not(void **state)
{
    struct bench *b = *state;
    int fds[2], other[2];

    bench_serve(b, TRANSPORT_STREAMLOCAL, FAKE_SILENT);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, other), 0);
    pool_accept_stream(b->pool, fds[1], "10.0.0.5", 22);
    pool_accept_stream(b->pool, other[1], "10.0.0.6", 22);
    assert_int_equal(pool_counts(b->pool).streams, 2);
    fake_grant(fake_channel(b->session, 0));
    fake_refuse(fake_channel(b->session, 1), "connection refused");
    b->dirty = true;
    bench_settle(b);
    assert_string_equal(client_reads(fds[0]), "{\"ok\":true}\n");
    const char *answer = client_reads(other[0]);
    assert_non_null(strstr(answer, "\"ok\":false"));
    assert_non_null(strstr(answer, "server cannot reach 10.0.0.6 port 22: connection refused"));
    assert_int_equal(pool_counts(b->pool).streams, 1);
    close(fds[0]);
    close(other[0]);
}

/* ---- the session is lost ------------------------------------------------------------- */

/* One of each phase in one pass: cut, held on, held on, closed. */
static void a_loss_cuts_what_has_begun_and_holds_the_rest(void **state)
{
    struct bench *b = *state;

    bench_serve(b, TRANSPORT_STREAMLOCAL, FAKE_SILENT);
    int begun = bench_client_says(b, "GET /events"), quiet = bench_client(b);
    fake_grant(fake_channel(b->session, 0));
    fake_grant(fake_channel(b->session, 1));
    b->dirty = true;
    bench_settle(b);
    int opening = bench_client_says(b, "GET /opening"), told = bench_client_says(b, "GET /told");
    fake_grant(fake_channel(b->session, 3));
    fake_send(fake_channel(b->session, 0), "half an ");
    b->dirty = true;
    bench_settle(b);
    fake_end(fake_channel(b->session, 3));
    bench_settle(b);
    bench_lose(b);
    bench_settle(b);
    assert_string_equal(client_reads(begun), "half an ");
    assert_string_equal(client_reads(begun), "reset");
    assert_string_equal(client_reads(told), "");
    assert_string_equal(client_reads(quiet), "nothing");
    assert_int_equal(pool_counts(b->pool).held, 2);

    serve_granting(b);
    assert_int_equal(send(quiet, "GET /quiet", 10, 0), 10);
    bench_settle(b);
    assert_string_equal(fake_channel(b->session, 0)->written, "GET /quiet");
    assert_string_equal(fake_channel(b->session, 1)->written, "GET /opening");
    close(begun);
    close(quiet);
    close(opening);
    close(told);
}

static void what_a_channel_did_not_take_goes_into_the_next(void **state)
{
    struct bench *b = *state;

    bench_serve(b, TRANSPORT_STREAMLOCAL, FAKE_SILENT);
    int client = bench_client_says(b, "POST /");
    fake_grant(fake_channel(b->session, 0));
    fake_channel(b->session, 0)->write_fails = true;
    b->dirty = true;
    bench_settle(b);
    bench_lose(b);
    serve_granting(b);
    bench_settle(b);
    assert_string_equal(fake_channel(b->session, 0)->written, "POST /");
    close(client);
}

static void what_went_up_in_part_is_not_sent_again(void **state)
{
    struct bench *b = *state;

    bench_serve(b, TRANSPORT_STREAMLOCAL, FAKE_SILENT);
    int client = bench_client_says(b, "POST /");
    fake_grant(fake_channel(b->session, 0));
    fake_channel(b->session, 0)->write_fails = fake_channel(b->session, 0)->half_written = true;
    b->dirty = true;
    bench_settle(b);
    bench_lose(b);
    serve_granting(b);
    bench_settle(b);
    assert_null(fake_channel_of(b->session, "POST /"));
    assert_string_equal(client_reads(client), "reset");
    close(client);
}

/* Of many openings only the first few are asked; the others open when their answer comes. */
static void openings_that_nobody_asks_leave_the_loop_idle(void **state)
{
    struct bench *b = *state;
    int clients[20];

    bench_serve(b, TRANSPORT_STREAMLOCAL, FAKE_SILENT);
    for (size_t i = 0; i < 20; i++)
        clients[i] = bench_client_says(b, "GET /");
    b->session->packets++;
    bench_settle(b);
    b->session->packets++;
    for (size_t i = 0; i < 20; i++)
        fake_channel(b->session, i)->state = CHANNEL_OPEN;
    pool_step(b->pool);
    for (int i = 0; i < 4; i++) {
        b->dirty = false;
        pool_step(b->pool);
    }
    assert_false(b->dirty);
    for (size_t i = 0; i < 20; i++)
        close(clients[i]);
}

static void a_channel_that_closes_without_an_end_is_a_cut(void **state)
{
    struct bench *b = *state;

    bench_serve(b, TRANSPORT_STREAMLOCAL, FAKE_GRANT);
    int ended = bench_client_says(b, "GET /"), cut = bench_client_says(b, "GET /");
    bench_settle(b);
    fake_send(fake_channel(b->session, 0), "all");
    fake_end(fake_channel(b->session, 0));
    fake_send(fake_channel(b->session, 1), "half");
    fake_cut(fake_channel(b->session, 1));
    bench_settle(b);
    assert_string_equal(client_reads(ended), "all");
    assert_string_equal(client_reads(ended), "");
    assert_string_equal(client_reads(cut), "half");
    assert_string_equal(client_reads(cut), "reset");
    close(ended);
    close(cut);
}

/* ---- spare channels ------------------------------------------------------------------- */

static void a_spare_channel_is_the_next_clients(void **state)
{
    struct bench *b = *state;

    b->profile->spare_channels = 1;
    serve_granting(b);
    b->dirty = true;
    bench_settle(b);
    assert_int_equal(b->session->count, 1);
    int client = bench_client_says(b, "GET /");
    bench_settle(b);
    assert_string_equal(fake_channel(b->session, 0)->written, "GET /");
    close(client);
}

static void a_spare_that_has_ended_is_nobodys(void **state)
{
    struct bench *b = *state;

    b->profile->spare_channels = 1;
    serve_granting(b);
    b->dirty = true;
    bench_settle(b);
    fake_end(fake_channel(b->session, 0));
    int client = bench_client_says(b, "GET /");
    bench_settle(b);
    assert_true(fake_channel(b->session, 0)->given_up);
    assert_string_equal(fake_channel(b->session, 1)->written, "GET /");
    close(client);
}

/* Its end is seen only when the client has it already. */
static void a_stale_spare_costs_no_request(void **state)
{
    struct bench *b = *state;

    b->profile->spare_channels = 1;
    serve_granting(b);
    b->dirty = true;
    bench_settle(b);
    int client = bench_client(b);
    fake_end(fake_channel(b->session, 0));
    bench_settle(b);
    assert_true(fake_channel(b->session, 0)->given_up);
    assert_int_equal(send(client, "GET /", 5, 0), 5);
    bench_settle(b);
    assert_string_equal(fake_channel(b->session, 1)->written, "GET /");
    close(client);
}

static void a_stale_spare_that_was_cut_costs_no_request(void **state)
{
    struct bench *b = *state;

    b->profile->spare_channels = 1;
    serve_granting(b);
    b->dirty = true;
    bench_settle(b);
    int client = bench_client(b);
    fake_cut(fake_channel(b->session, 0));
    bench_settle(b);
    assert_int_equal(send(client, "GET /", 5, 0), 5);
    bench_settle(b);
    assert_non_null(fake_channel_of(b->session, "GET /"));
    close(client);
}

/* The end is there when the client's first bytes are to be written, and is told after that. */
static void a_stale_spare_that_takes_nothing_costs_no_request(void **state)
{
    struct bench *b = *state;

    b->profile->spare_channels = 1;
    serve_granting(b);
    b->dirty = true;
    bench_settle(b);
    fake_channel(b->session, 0)->write_fails = true;
    int client = bench_client_says(b, "DELETE /volumes/x");
    bench_settle(b);
    fake_end(fake_channel(b->session, 0));
    bench_settle(b);
    assert_true(fake_channel(b->session, 0)->given_up);
    assert_non_null(fake_channel_of(b->session, "DELETE /volumes/x"));
    close(client);
}

/* The count of those that are left asks the others, which may bring a packet. */
static void what_comes_while_a_spare_changes_hands_is_kept(void **state)
{
    struct bench *b = *state;

    b->profile->spare_channels = 2;
    struct session *s = serve_granting(b);
    b->dirty = true;
    bench_settle(b);
    s->early = fake_channel(s, 1); /* the newest is taken */
    s->early_text = "early words";
    int client = bench_client_says(b, "GET /");
    bench_settle(b);
    assert_string_equal(client_reads(client), "early words");
    close(client);
}

/* ---- the end --------------------------------------------------------------------------- */

static void the_pool_closes_with_clients_in_every_phase(void **state)
{
    struct bench *b = *state;
    int clients[6];

    b->profile->spare_channels = 1;
    serve_granting(b);
    b->dirty = true;
    bench_settle(b);
    clients[0] = bench_client_says(b, "GET /");
    bench_settle(b);
    fake_send(fake_channel(b->session, 0), "half");
    b->session->answers = FAKE_SILENT;
    clients[1] = bench_client_says(b, "GET /");
    clients[2] = bench_client(b);
    bench_restart(b);
    assert_string_equal(client_reads(clients[0]), "half");
    assert_string_equal(client_reads(clients[0]), "reset");
    for (size_t i = 0; i < 3; i++)
        close(clients[i]);
    clients[0] = bench_client(b); /* held: bench_down closes that pool */
    close(clients[0]);
}

#define POOL_TEST(f) cmocka_unit_test_setup_teardown(f, bench_up, bench_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(held_clients_are_served_in_the_order_of_their_arrival),
        POOL_TEST(a_client_that_was_held_for_long_hears_why),
        POOL_TEST(no_more_are_held_than_the_profile_says),
        POOL_TEST(no_more_are_open_than_the_profile_says),
        POOL_TEST(nobody_is_held_while_the_pool_refuses),
        POOL_TEST(held_clients_can_be_given_away),
        POOL_TEST(a_question_for_an_exit_status_is_reset),
        POOL_TEST(a_refused_channel_is_told_in_the_servers_words),
        POOL_TEST(a_server_that_does_not_answer_is_not_waited_for_for_ever),
        POOL_TEST(every_opening_channel_is_asked_in_its_turn),
        POOL_TEST(a_stream_is_told_that_it_is_there_and_why_it_is_not),
        POOL_TEST(a_loss_cuts_what_has_begun_and_holds_the_rest),
        POOL_TEST(what_a_channel_did_not_take_goes_into_the_next),
        POOL_TEST(what_went_up_in_part_is_not_sent_again),
        POOL_TEST(openings_that_nobody_asks_leave_the_loop_idle),
        POOL_TEST(a_channel_that_closes_without_an_end_is_a_cut),
        POOL_TEST(a_stale_spare_that_was_cut_costs_no_request),
        POOL_TEST(a_spare_channel_is_the_next_clients),
        POOL_TEST(a_spare_that_has_ended_is_nobodys),
        POOL_TEST(a_stale_spare_costs_no_request),
        POOL_TEST(a_stale_spare_that_takes_nothing_costs_no_request),
        POOL_TEST(what_comes_while_a_spare_changes_hands_is_kept),
        POOL_TEST(the_pool_closes_with_clients_in_every_phase),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
