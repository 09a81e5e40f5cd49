/* How many spare channels are wanted: bursts, and the quiet after them. */
#include "relay/spare-policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define MOST 64

/* A burst of so many at once. */
static struct spare_policy after_burst(size_t least, size_t burst)
{
    struct spare_policy r = spare_policy_of(least, MOST);

    for (size_t i = r.wanted; i < burst; i++)
        spare_policy_missed(&r, 1);
    return r;
}

static void a_burst_is_remembered(void **state)
{
    (void)state;
    assert_int_equal(after_burst(2, 2).wanted, 2);
    assert_int_equal(after_burst(2, 7).wanted, 7);
    assert_int_equal(after_burst(2, 1000).wanted, MOST);
    assert_int_equal(after_burst(0, 1000).wanted, 0);
    assert_int_equal(spare_policy_of(1000, MOST).wanted, MOST);
}

/* Quiet for ever, with as many ready as were wanted when the period ended: they are
 * pruned afterwards. */
static void quiet_takes_all_but_the_least(void **state)
{
    (void)state;
    for (size_t least = 1; least <= MOST; least++) {
        for (size_t burst = least; burst <= MOST; burst++) {
            struct spare_policy r = after_burst(least, burst);
            int periods = 0;
            while (r.period_ms != 0 && periods < 20) {
                size_t before = r.wanted;
                spare_policy_settle(&r, r.period_ms, before);
                assert_true(r.wanted >= least && r.wanted <= before);
                assert_true(r.left_over <= r.wanted);
                periods++;
            }
            assert_int_equal(r.wanted, least);
            assert_int_equal(r.period_ms, 0);
        }
    }
}

static void what_is_needed_stays(void **state)
{
    struct spare_policy r = after_burst(2, 10);

    (void)state;
    for (int i = 0; i < 20; i++) {
        spare_policy_settle(&r, r.period_ms, 10);
        spare_policy_taken(&r, 0); /* all were, in each period */
        assert_int_equal(r.wanted, 10);
    }
    spare_policy_settle(&r, r.period_ms, 10);
    spare_policy_taken(&r, 4);
    spare_policy_taken(&r, 9); /* the fewest count */
    spare_policy_settle(&r, r.period_ms, 10);
    assert_int_equal(r.wanted, 8);
}

static void nothing_before_its_time(void **state)
{
    struct spare_policy r = after_burst(2, 7);

    (void)state;
    spare_policy_settle(&r, r.period_ms - 1, 7);
    assert_int_equal(r.wanted, 7);
    assert_int_equal(r.left_over, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_is_remembered),
        cmocka_unit_test(quiet_takes_all_but_the_least),
        cmocka_unit_test(what_is_needed_stays),
        cmocka_unit_test(nothing_before_its_time),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
