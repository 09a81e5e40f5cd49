/* What a tether watches beside its sockets: sleep, the network, being unused, its
 * turn to log in. */
#include "base/time.h"
#include "tether/idle.h"
#include "tether/login-slots.h"
#include "tether/netlink.h"
#include "tether/suspend.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- sleep ------------------------------------------------------------------- */

static int64_t boot, mono;

static int64_t fake_boot(void)
{
    return boot;
}

static int64_t fake_mono(void)
{
    return mono;
}

static void count(void *user)
{
    ++*(int *)user;
}

static void a_jump_of_the_clock_is_a_wake(void **state)
{
    const struct suspend_clocks clocks = { .boot_ms = fake_boot, .mono_ms = fake_mono };
    uv_loop_t loop;
    int woken = 0;

    (void)state;
    boot = 1000000;
    mono = 400000; /* it has slept before we began */
    assert_int_equal(uv_loop_init(&loop), 0);
    struct suspend *w = suspend_new(&loop, &clocks, count, &woken);
    for (int i = 0; i < 100; i++) {
        boot += 2000;
        mono += 2000;
        suspend_look(w);
    }
    assert_int_equal(woken, 0);
    boot += 3600 * 1000;
    suspend_look(w);
    assert_int_equal(woken, 1);
    suspend_look(w); /* told once */
    assert_int_equal(woken, 1);
    boot += 300; /* too short to matter */
    suspend_look(w);
    assert_int_equal(woken, 1);
    suspend_close(w);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

/* The loop alone notices it, too. */
static void a_wake_is_seen_without_being_asked(void **state)
{
    const struct suspend_clocks clocks = { .boot_ms = fake_boot, .mono_ms = fake_mono };
    uv_loop_t loop;
    int woken = 0;

    (void)state;
    assert_int_equal(uv_loop_init(&loop), 0);
    struct suspend *w = suspend_new(&loop, &clocks, count, &woken);
    boot += 60 * 1000;
    struct deadline d = deadline_in(10000);
    while (woken == 0 && deadline_left(d) > 0)
        uv_run(&loop, UV_RUN_ONCE);
    assert_int_equal(woken, 1);
    suspend_close(w);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

/* ---- the network ------------------------------------------------------------- */

#ifdef __linux__
#include <linux/rtnetlink.h>

struct datagram {
    struct nlmsghdr h;
    union {
        struct ifaddrmsg address;
        struct rtmsg route;
    } body;
};

static bool address_matters(unsigned short type, unsigned char scope)
{
    struct datagram d = { .h = { .nlmsg_len = NLMSG_LENGTH(sizeof d.body.address), .nlmsg_type = type } };

    d.body.address.ifa_scope = scope;
    return netlink_matters(&d, d.h.nlmsg_len, NULL);
}

static bool route_matters(unsigned char dst_len, unsigned char table)
{
    struct datagram d = { .h = { .nlmsg_len = NLMSG_LENGTH(sizeof d.body.route),
                                 .nlmsg_type = RTM_NEWROUTE } };

    d.body.route.rtm_dst_len = dst_len;
    d.body.route.rtm_table = table;
    d.body.route.rtm_type = RTN_UNICAST;
    return netlink_matters(&d, d.h.nlmsg_len, NULL);
}

static void only_ways_to_others_matter(void **state)
{
    (void)state;
    assert_true(address_matters(RTM_NEWADDR, RT_SCOPE_UNIVERSE));
    assert_true(address_matters(RTM_DELADDR, RT_SCOPE_UNIVERSE));
    assert_false(address_matters(RTM_NEWADDR, RT_SCOPE_LINK)); /* a container's end */
    assert_false(address_matters(RTM_NEWADDR, RT_SCOPE_HOST));
    assert_false(address_matters(RTM_NEWLINK, RT_SCOPE_UNIVERSE));
    assert_true(route_matters(0, RT_TABLE_MAIN));
    assert_false(route_matters(16, RT_TABLE_MAIN));
    assert_false(route_matters(0, RT_TABLE_LOCAL));
}

static void a_short_datagram_means_nothing(void **state)
{
    struct datagram d = { .h = { .nlmsg_len = 1u << 30, .nlmsg_type = RTM_NEWADDR } };

    (void)state;
    assert_false(netlink_matters(&d, sizeof d, NULL)); /* says it is longer than it is */
    for (size_t len = 0; len < sizeof d.h; len++)
        assert_false(netlink_matters(&d, len, NULL));
    d.h.nlmsg_len = sizeof d.h; /* no body */
    assert_false(netlink_matters(&d, sizeof d.h, NULL));
}
#endif

/* ---- being unused ------------------------------------------------------------ */

struct usage {
    bool busy;
    uint64_t used;
    int unused;
};

static uint64_t usage_look(void *user, bool *busy)
{
    struct usage *u = user;

    *busy = u->busy;
    return u->used;
}

static void usage_over(void *user)
{
    ((struct usage *)user)->unused++;
}

static void run_for(uv_loop_t *loop, int64_t ms, const struct usage *u)
{
    struct deadline d = deadline_in(ms);

    while (deadline_left(d) > 0 && u->unused == 0)
        uv_run(loop, UV_RUN_ONCE);
}

static void only_what_nobody_uses_is_unused(void **state)
{
    struct usage u = { .busy = true };
    const struct idle_owner owner = { .used = usage_look, .unused = usage_over, .user = &u };
    uv_loop_t loop;

    (void)state;
    assert_int_equal(uv_loop_init(&loop), 0);
    struct idle *i = idle_new(&loop, 300, &owner);
    run_for(&loop, 1000, &u);
    assert_int_equal(u.unused, 0);
    u.busy = false;
    int64_t since = time_mono_ms();
    run_for(&loop, 5000, &u);
    assert_int_equal(u.unused, 1);
    assert_true(time_mono_ms() - since >= 200);
    idle_close(i);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

/* ---- turns to log in --------------------------------------------------------- */

static struct wait patience(int64_t ms)
{
    return (struct wait){ .deadline = deadline_in(ms), .cancel_fd = -1 };
}

/* A process that holds a place until the pipe is closed. */
static pid_t hold_place(const char *path, int hold_fd, int ready_fd)
{
    pid_t pid = fork();
    char byte = 'x';

    if (pid != 0)
        return pid;
    struct wait w = patience(5000);
    int fd = login_slots_take(path, "host", 22, &w);
    if (fd < 0 || write(ready_fd, &byte, 1) != 1)
        _exit(1);
    (void)!read(hold_fd, &byte, 1);
    _exit(0);
}

static void only_so_many_log_in_at_once(void **state)
{
    char path[] = "/tmp/docktether-slots-XXXXXX", byte;
    int hold[2], ready[2], status;
    pid_t pids[SLOTS];

    (void)state;
    close(mkstemp(path));
    assert_int_equal(pipe(hold), 0);
    assert_int_equal(pipe(ready), 0);
    for (int i = 0; i < SLOTS; i++) {
        pids[i] = hold_place(path, hold[0], ready[1]);
        assert_int_equal(read(ready[0], &byte, 1), 1);
    }
    struct wait w = patience(100);
    assert_int_equal(login_slots_take(path, "host", 22, &w), -1);
    w = patience(100);
    int other = login_slots_take(path, "host", 2222, &w); /* another server */
    assert_true(other >= 0);
    login_slots_give(other);
    assert_int_equal(write(hold[1], "x", 1), 1); /* one of them ends */
    w = patience(5000);
    int mine = login_slots_take(path, "host", 22, &w);
    assert_true(mine >= 0);
    login_slots_give(mine);
    close(hold[1]);
    close(hold[0]);
    for (int i = 0; i < SLOTS; i++)
        kill(pids[i], SIGTERM);
    for (int i = 0; i < SLOTS; i++)
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
    close(ready[0]);
    close(ready[1]);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_jump_of_the_clock_is_a_wake),
        cmocka_unit_test(a_wake_is_seen_without_being_asked),
#ifdef __linux__
        cmocka_unit_test(only_ways_to_others_matter),
        cmocka_unit_test(a_short_datagram_means_nothing),
#endif
        cmocka_unit_test(only_what_nobody_uses_is_unused),
        cmocka_unit_test(only_so_many_log_in_at_once),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
