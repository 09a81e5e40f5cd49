/* Whose turn it is: a server that runs only so many commands at once, imitated. */
#include "relay/max-sessions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define NOW 1000000

static void nothing_is_known_at_first(void **state)
{
    struct max_sessions t;

    (void)state;
    max_sessions_begin(&t, NOW);
    assert_true(max_sessions_may_open(&t, 0, 0, NOW));
    assert_true(max_sessions_may_open(&t, 500, MAX_SESSIONS_OPENING - 1, NOW));
    assert_false(max_sessions_may_open(&t, 0, MAX_SESSIONS_OPENING, NOW));
}

static void the_first_refusal_tells_the_limit(void **state)
{
    struct max_sessions t;

    (void)state;
    max_sessions_begin(&t, NOW);
    assert_true(max_sessions_refused(&t, 10, NOW));
    assert_int_equal(t.limit, 10);
    assert_false(max_sessions_may_open(&t, 10, 0, NOW));
    assert_false(max_sessions_may_open(&t, 9, 1, NOW));
    assert_true(max_sessions_may_open(&t, 9, 0, NOW));
}

static void a_server_without_any_room_is_no_queue(void **state)
{
    struct max_sessions t;

    (void)state;
    max_sessions_begin(&t, NOW);
    /* The probe's own command may still take a place. */
    assert_true(max_sessions_refused(&t, 0, NOW + MAX_SESSIONS_SETTLE_MS));
    assert_int_equal(t.limit, 1);
    max_sessions_begin(&t, NOW);
    assert_false(max_sessions_refused(&t, 0, NOW + MAX_SESSIONS_SETTLE_MS + 1));
    assert_int_equal(t.limit, 0);
}

static void places_that_are_being_freed_are_waited_for(void **state)
{
    struct max_sessions t;
    int64_t now = NOW, last = 0;

    (void)state;
    max_sessions_begin(&t, NOW);
    assert_true(max_sessions_refused(&t, 10, now));
    max_sessions_ended(&t, now);
    assert_false(max_sessions_may_open(&t, 9, 0, now));
    for (int i = 0; i < 10; i++) {
        now += max_sessions_due_ms(&t, 9, now);
        assert_true(max_sessions_may_open(&t, 9, 0, now));
        assert_true(max_sessions_refused(&t, 9, now));
        assert_false(max_sessions_may_open(&t, 9, 0, now));
        assert_true(max_sessions_due_ms(&t, 9, now) >= last);
        last = max_sessions_due_ms(&t, 9, now);
    }
    assert_int_equal(t.limit, 10);
    assert_in_range(last, 500, 2000);
    max_sessions_started(&t, 10, now + last);
    max_sessions_ended(&t, now + last);
    assert_in_range(max_sessions_due_ms(&t, 9, now + last), 1, 100);
}

static void a_limit_learnt_too_low_grows(void **state)
{
    struct max_sessions t;
    int64_t now = NOW;

    (void)state;
    max_sessions_begin(&t, now);
    assert_true(max_sessions_refused(&t, 7, now));
    assert_int_equal(max_sessions_due_ms(&t, 7, now), MAX_SESSIONS_STRETCH_MS);
    now += MAX_SESSIONS_STRETCH_MS;
    for (size_t running = 7; running < 10; running++) {
        assert_true(max_sessions_may_open(&t, running, 0, now));
        assert_false(max_sessions_may_open(&t, running, 1, now)); /* one at a time */
        max_sessions_started(&t, running + 1, now);
        assert_int_equal(t.limit, running + 1);
    }
    assert_true(max_sessions_refused(&t, 10, now));
    assert_int_equal(t.limit, 10);
    assert_false(max_sessions_may_open(&t, 10, 0, now));
    assert_int_equal(max_sessions_due_ms(&t, 10, now), MAX_SESSIONS_STRETCH_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_known_at_first),
        cmocka_unit_test(the_first_refusal_tells_the_limit),
        cmocka_unit_test(a_server_without_any_room_is_no_queue),
        cmocka_unit_test(places_that_are_being_freed_are_waited_for),
        cmocka_unit_test(a_limit_learnt_too_low_grows),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
