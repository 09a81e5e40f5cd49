/* How far ahead a server may send: lines and readers, imitated. */
#include "ssh/channel-window.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ROUND_US 50000
#define STEP 32768

/* A line, its sender and a reader. What is granted reaches the sender half a round
 * trip later and what it then sends arrives after the other half, so it may have as
 * much under way as was granted a round trip ago. */
struct line {
    struct channel_window w;
    int64_t now_us;
    int64_t sent, granted;
    int64_t history[64]; /* of granted, a millisecond each */
};

static void line_init(struct line *l)
{
    *l = (struct line){ .w.base = WINDOW_BASE, .now_us = 1, .granted = WINDOW_BASE };
    for (size_t i = 0; i < 64; i++)
        l->history[i] = WINDOW_BASE;
}

/* One millisecond in which line and reader take at most `rate` bytes: how many came. */
static int64_t line_run(struct line *l, int64_t rate, uint32_t *spent)
{
    int64_t may = l->history[(l->now_us / 1000 + 64 - ROUND_US / 1000) % 64] - l->sent;
    int64_t n = may < rate ? may : rate;

    if (n > 0)
        channel_window_took(&l->w, (size_t)n, l->now_us, ROUND_US, spent);
    l->sent += n;
    uint32_t due = channel_window_due(&l->w);
    if (due > 0) {
        if (l->sent + due > l->granted)
            l->granted = l->sent + due;
        channel_window_granted(&l->w);
    }
    l->now_us += 1000;
    l->history[l->now_us / 1000 % 64] = l->granted;
    return n;
}

static int64_t run(struct line *l, int ms, int64_t rate, uint32_t *spent)
{
    int64_t sum = 0;

    for (int i = 0; i < ms; i++)
        sum += line_run(l, rate, spent);
    return sum;
}

static void a_fast_line_is_filled(void **state)
{
    struct line l;
    uint32_t spent = 0;

    (void)state;
    line_init(&l);
    run(&l, 1000, 100000, &spent); /* 100 MB/s: 5 MB under way */
    assert_true(run(&l, 1000, 100000, &spent) > 95 * 1000000);
    assert_true(l.w.extra > 5000000 - WINDOW_BASE);
    assert_true(l.w.extra <= 10 * 1024 * 1024);
    assert_int_equal(spent, l.w.extra);
}

static void a_slow_line_gets_no_more_than_before(void **state)
{
    struct line l;
    uint32_t spent = 0;

    (void)state;
    line_init(&l);
    run(&l, 3000, 12500, &spent); /* 100 Mbit/s: 625 KB under way */
    assert_int_equal(spent, 0);
}

static void a_short_way_neither(void **state)
{
    struct channel_window w = { .base = WINDOW_BASE };
    uint32_t spent = 0;

    (void)state;
    for (int64_t now = 1; now < 1000000; now += 40) { /* 800 MB/s, 300 us */
        channel_window_took(&w, STEP, now, 300, &spent);
        if (channel_window_due(&w) > 0)
            channel_window_granted(&w);
    }
    assert_int_equal(spent, 0);
}

static void without_a_round_trip_nothing_grows(void **state)
{
    struct channel_window w = { .base = WINDOW_BASE };
    uint32_t spent = 0;

    (void)state;
    for (int64_t now = 1; now < 1000000; now += 100)
        channel_window_took(&w, STEP, now, -1, &spent);
    assert_int_equal(spent, 0);
    assert_int_equal(channel_window_due(&w), WINDOW_BASE);
}

static void a_reader_that_has_become_slow_gives_back(void **state)
{
    struct line l;
    uint32_t spent = 0;

    (void)state;
    line_init(&l);
    run(&l, 1000, 100000, &spent);
    assert_true(spent > 0);
    run(&l, 8000, 5000, &spent);
    assert_int_equal(l.w.extra, 0);
    assert_int_equal(spent, 0);
}

static void together_they_keep_within_the_budget(void **state)
{
    struct line lines[10];
    uint32_t spent = 0, sum = 0;

    (void)state;
    for (size_t i = 0; i < 10; i++) {
        line_init(&lines[i]);
        run(&lines[i], 1000, 1000000, &spent);
        assert_true(lines[i].w.extra <= WINDOW_MAX - WINDOW_BASE);
        assert_true(spent <= WINDOW_BUDGET);
    }
    assert_int_equal(spent, WINDOW_BUDGET);
    for (size_t i = 0; i < 10; i++) {
        sum += lines[i].w.extra;
        channel_window_clear(&lines[i].w, &spent);
    }
    assert_int_equal(sum, WINDOW_BUDGET);
    assert_int_equal(spent, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fast_line_is_filled),
        cmocka_unit_test(a_slow_line_gets_no_more_than_before),
        cmocka_unit_test(a_short_way_neither),
        cmocka_unit_test(without_a_round_trip_nothing_grows),
        cmocka_unit_test(a_reader_that_has_become_slow_gives_back),
        cmocka_unit_test(together_they_keep_within_the_budget),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
