/* A call that never returns is ended, one that takes a while is not. */
#include "ssh/watchdog.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static bool ended(int fd, int ms)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };

    return poll(&p, 1, ms) == 1;
}

static void test_fires(void **state)
{
    int pair[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    struct watchdog *w = watchdog_start(pair[0]);
    assert_non_null(w);
    /* Many calls, and one that takes two seconds, are none of its business. */
    for (int i = 0; i < 100000; i++) {
        watchdog_enter(w);
        watchdog_leave(w);
    }
    watchdog_enter(w);
    assert_false(ended(pair[1], 2000));
    watchdog_leave(w);
    /* It falls asleep, and wakes for the call that hangs. */
    assert_false(ended(pair[1], 2500));
    watchdog_enter(w);
    assert_true(ended(pair[1], 1000 * WATCHDOG_S * 10));
    assert_true(atomic_load(watchdog_fired(w)));
    watchdog_leave(w);
    watchdog_stop(w);
    close(pair[0]);
    close(pair[1]);
}

static void test_none(void **state)
{
    (void)state;
    watchdog_enter(NULL);
    watchdog_leave(NULL);
    assert_null(watchdog_fired(NULL));
    watchdog_stop(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_none), cmocka_unit_test(test_fires) };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("watchdog", tests, NULL, NULL);
}
