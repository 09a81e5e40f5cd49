/* When a silent server is dead, and when its line is only slow. */
#include "tether/liveness.h"
#include "tether/netlink.h"
#include "tether/route.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define LIMIT 45000 /* 3 questions in 3 x 15 s */
#define EVERY (LIMIT / 4)
#define DOUBT 3000

/* Lets the time go by as session-poll does, until the verdict is death or `until`. line()
 * says how the line is at a time. */
struct play {
    struct liveness l;
    struct transit (*line)(int64_t now);
    int64_t now;
    unsigned questions;
};

static struct transit idle(int64_t now)
{
    (void)now;
    return (struct transit){ .counted = true, .acked = 1000 };
}

/* 100 bytes of a question, which the kernel over there acknowledges at once. */
static struct transit delivered(int64_t now)
{
    (void)now;
    return (struct transit){ .counted = true, .acked = 1100 };
}

static struct transit swallowed(int64_t now)
{
    (void)now;
    return (struct transit){ .counted = true, .acked = 1000, .queued = 100 };
}

/* 12,500 bytes a second, 0.1 Mbit/s, with ten minutes of data queued. */
static struct transit uploading(int64_t now)
{
    return (struct transit){ .counted = true, .acked = (uint64_t)now * 125 / 10, .queued = 7500000 };
}

/* A hole in the stream is not filled yet; what lies behind it is acknowledged. */
static struct transit with_a_hole(int64_t now)
{
    return (struct transit){
        .counted = true, .acked = 1000, .queued = 300000, .in_flight = true, .word_age_ms = now % 200
    };
}

/* A server that does not read: its kernel acknowledges probes, and takes nothing. */
static struct transit with_a_closed_window(int64_t now)
{
    return (struct transit){ .counted = true, .acked = 1000, .queued = 300000, .word_age_ms = now % 200 };
}

/* As uploading(), until the cable is out after two minutes. */
static struct transit uploading_then_out(int64_t now)
{
    return uploading(now < 120000 ? now : 120000);
}

/* 200,000 bytes are before the question: 16 seconds. */
static struct transit uploading_a_little(int64_t now)
{
    uint64_t acked = (uint64_t)now * 125 / 10, sent = 200000 + 12500;

    acked = acked < sent ? acked : sent;
    return (struct transit){ .counted = true, .acked = acked, .queued = sent - acked };
}

/* libssh holds what the kernel does not take. */
static struct transit held_back(int64_t now)
{
    struct transit t = uploading(now);

    t.waits = true;
    t.queued = 40000;
    return t;
}

/* A hop's stream: no count, only how much lies in the socket. */
static struct transit through_a_hop(int64_t now)
{
    return (struct transit){ .queued = 1 + (uint64_t)now / 1000 % 7 * 1000 };
}

static struct transit a_hop_that_stands(int64_t now)
{
    (void)now;
    return (struct transit){ .queued = 5000 };
}

static struct transit a_hop_that_has_all(int64_t now)
{
    (void)now;
    return (struct transit){ .queued = 0 };
}

static void play_begin(struct play *p, int64_t limit, struct transit (*line)(int64_t))
{
    memset(p, 0, sizeof *p);
    p->line = line;
    liveness_init(&p->l, limit, 3, 0);
}

static void ask(struct play *p)
{
    struct transit t = p->line(p->now);

    p->questions++;
    liveness_asked(&p->l, p->now, &t);
}

static bool dies(struct play *p, int64_t until)
{
    for (;;) {
        int64_t due = liveness_due(&p->l, p->now);
        if (due > until)
            return false;
        p->now = due > p->now ? due : p->now + 1;
        struct transit t = p->line(p->now);
        liveness_look(&p->l, p->now, &t);
        enum liveness_verdict v = liveness_verdict(&p->l, p->now);
        if (v == LIVENESS_DEAD)
            return true;
        if (v == LIVENESS_ASK)
            ask(p);
    }
}

static void silence_is_found_out_in_time(void **state)
{
    struct play p;

    (void)state;
    play_begin(&p, LIMIT, swallowed);
    assert_true(dies(&p, 10 * LIMIT));
    assert_int_equal(p.now, LIMIT);
    assert_int_equal(p.questions, 3);
}

static void a_stopped_server_is_found_out_in_the_same_time(void **state)
{
    struct play p;

    (void)state;
    /* Its kernel acknowledges the question. */
    play_begin(&p, LIMIT, delivered);
    assert_true(dies(&p, 10 * LIMIT));
    assert_int_equal(p.now, LIMIT);
}

static void an_answer_begins_anew(void **state)
{
    struct play p;

    (void)state;
    play_begin(&p, LIMIT, idle);
    for (int i = 0; i < 20; i++) {
        assert_false(dies(&p, p.now + LIMIT - 1000));
        liveness_heard(&p.l, p.now);
        assert_false(liveness_looks(&p.l));
    }
}

static void a_slow_line_is_not_dead(void **state)
{
    struct play p;

    (void)state;
    play_begin(&p, LIMIT, uploading);
    assert_false(dies(&p, 500000));
    play_begin(&p, LIMIT, held_back);
    assert_false(dies(&p, 500000));
    play_begin(&p, LIMIT, through_a_hop);
    assert_false(dies(&p, 500000));
    play_begin(&p, 3000, uploading);
    assert_false(dies(&p, 500000));
    play_begin(&p, LIMIT, with_a_hole);
    assert_false(dies(&p, 500000));
}

static void a_slow_line_that_ends_is(void **state)
{
    struct play p;

    (void)state;
    play_begin(&p, LIMIT, uploading_then_out);
    assert_true(dies(&p, 500000));
    assert_in_range(p.now, 120000 + LIMIT - 1000, 120000 + LIMIT + 1000);
    play_begin(&p, LIMIT, with_a_closed_window);
    assert_true(dies(&p, 500000));
    assert_int_equal(p.now, LIMIT);
    play_begin(&p, LIMIT, a_hop_that_stands);
    assert_true(dies(&p, 500000));
    assert_int_equal(p.now, LIMIT);
    play_begin(&p, LIMIT, a_hop_that_has_all);
    assert_true(dies(&p, 500000));
    assert_int_equal(p.now, LIMIT);
}

static void the_clock_starts_with_the_delivery(void **state)
{
    struct play p;

    (void)state;
    play_begin(&p, LIMIT, uploading_a_little);
    ask(&p);
    /* The question is byte 212,500, delivered after 17 s; nothing answers it. */
    assert_true(dies(&p, 500000));
    assert_in_range(p.now, 17000 + LIMIT - 1100, 17000 + LIMIT + 1100);
}

static void a_doubt_has_its_own_patience(void **state)
{
    struct play p;

    (void)state;
    for (int64_t limit = 0; limit <= LIMIT; limit += LIMIT) {
        play_begin(&p, limit, swallowed);
        p.now = 100;
        assert_true(liveness_doubt(&p.l, p.now, DOUBT));
        ask(&p);
        assert_false(liveness_doubt(&p.l, p.now + 1000, DOUBT));
        assert_true(dies(&p, 500000));
        assert_int_equal(p.now, 100 + DOUBT);
        /* Neither is it for an upload. */
        play_begin(&p, limit, uploading);
        assert_true(liveness_doubt(&p.l, 0, DOUBT));
        ask(&p);
        assert_false(dies(&p, 500000));
        /* But a server that stands still is. */
        play_begin(&p, limit, delivered);
        assert_true(liveness_doubt(&p.l, 0, DOUBT));
        ask(&p);
        assert_true(dies(&p, 500000));
        assert_int_equal(p.now, DOUBT);
    }
}

static void a_doubt_late_in_a_silence_has_its_time(void **state)
{
    struct play p;

    (void)state;
    play_begin(&p, LIMIT, swallowed);
    assert_false(dies(&p, LIMIT - 500));
    assert_true(liveness_doubt(&p.l, p.now, DOUBT));
    int64_t then = p.now;
    assert_true(dies(&p, 500000));
    assert_int_equal(p.now, then + DOUBT);
}

static void without_a_limit_nothing_is_asked(void **state)
{
    struct play p;

    (void)state;
    play_begin(&p, 0, swallowed);
    assert_int_equal(liveness_due(&p.l, 0), INT64_MAX);
    assert_int_equal(liveness_verdict(&p.l, INT64_MAX / 2), LIVENESS_WAIT);
}

static void news_concern_who_has_the_address(void **state)
{
    struct sockaddr_in own = { .sin_family = AF_INET }, local = { .sin_family = AF_UNIX };
    struct netlink_news news = { .count = 1,
                                 .addresses = { { .family = AF_INET, .address = { 192, 0, 2, 1 } } } };

    (void)state;
    own.sin_addr.s_addr = htonl(0xc0000201);
    assert_true(netlink_concerns(&news, (const struct sockaddr *)&own));
    own.sin_addr.s_addr = htonl(0xc0000202);
    assert_false(netlink_concerns(&news, (const struct sockaddr *)&own));
    news.incomplete = true;
    assert_true(netlink_concerns(&news, (const struct sockaddr *)&own));
    /* A hop's stream has none. */
    assert_false(netlink_concerns(&news, (const struct sockaddr *)&local));
}

static void a_route_is_known_to_this_machine_itself(void **state)
{
    struct sockaddr_in there = { .sin_family = AF_INET };
    struct sockaddr_in other = { .sin_family = AF_UNIX };

    (void)state;
    there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    struct route a = route_to((const struct sockaddr *)&there), b = route_to((const struct sockaddr *)&there);
#ifdef __linux__
    assert_true(a.known);
    assert_true(a.interface > 0);
    assert_int_equal(a.source[0], 127);
#endif
    assert_true(route_same(&a, &b));
    b.gateway[0] = 10;
    assert_false(route_same(&a, &b));
    assert_false(route_to((const struct sockaddr *)&other).known);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silence_is_found_out_in_time),
        cmocka_unit_test(a_stopped_server_is_found_out_in_the_same_time),
        cmocka_unit_test(an_answer_begins_anew),
        cmocka_unit_test(a_slow_line_is_not_dead),
        cmocka_unit_test(a_slow_line_that_ends_is),
        cmocka_unit_test(the_clock_starts_with_the_delivery),
        cmocka_unit_test(a_doubt_has_its_own_patience),
        cmocka_unit_test(a_doubt_late_in_a_silence_has_its_time),
        cmocka_unit_test(without_a_limit_nothing_is_asked),
        cmocka_unit_test(news_concern_who_has_the_address),
        cmocka_unit_test(a_route_is_known_to_this_machine_itself),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("liveness", tests, NULL, NULL);
}
