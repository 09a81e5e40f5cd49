/* Asking, and ending, tethers that are not as they should be. */
#include "scratch.h"

#include "base/time.h"
#include "control/lock.h"
#include "control/tether-client.h"
#include "store/store.h"
#include "tether/status.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/file.h>
#include <sys/wait.h>

#include <cmocka.h>

#define LONG_MS 60000

static int setup(void **state)
{
    if (scratch_setup(state) != 0)
        return -1;
    setenv("XDG_RUNTIME_DIR", *state, 1);
    return 0;
}

static void prepare(struct runtime *rt)
{
    assert_int_equal(runtime_init(rt, "prod", NULL), 0);
    assert_int_equal(runtime_prepare(rt, NULL), 0);
}

/* A process that holds the lock and listens nowhere, until something is written into *go;
 * as the tether of `pid` (0: itself), which is what the lock says. */
static pid_t holder(const struct runtime *rt, int *go, long pid)
{
    int ready[2], end[2];
    char byte;

    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    assert_int_equal(pipe2(end, O_CLOEXEC), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int fd = -1;
        char text[32];
        signal(SIGTERM, SIG_IGN);
        close(end[1]);
        if (lock_take(rt, &fd, NULL) != 0)
            _exit(1);
        int len = snprintf(text, sizeof text, "%ld\n", pid);
        if (pid > 0 && (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)len, 0) != len))
            _exit(1);
        (void)!write(ready[1], "x", 1);
        (void)!read(end[0], &byte, 1);
        _exit(0);
    }
    close(ready[1]);
    close(end[0]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    *go = end[1];
    return child;
}

static void collect(pid_t child, int go)
{
    close(go);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

/* The lock is free again between the question and the look whether it is. */
static void a_tether_that_ends_while_it_is_asked_is_none(void **state)
{
    struct runtime rt;
    struct err e = ERR_INIT;
    int go;

    (void)state;
    prepare(&rt);
    for (int i = 0; i < 2; i++) {
        pid_t child = holder(&rt, &go, 0);
        pid_t ender = fork();
        assert_true(ender >= 0);
        if (ender == 0) {
            /* The control socket is waited for while the lock is held. */
            poll(NULL, 0, 100);
            kill(child, SIGKILL);
            _exit(0);
        }
        /* Once without anybody who wants the error. */
        assert_null(tether_client_status("prod", i == 0 ? NULL : &e));
        assert_int_equal(e.code, ERR_NONE);
        assert_int_equal(waitpid(ender, NULL, 0), ender);
        collect(child, go);
    }
    runtime_clear(&rt);
}

static void a_fifo_is_no_lock(void **state)
{
    struct runtime rt;
    struct err e = ERR_INIT;
    int fd;
    pid_t pid;

    (void)state;
    prepare(&rt);
    assert_int_equal(mkfifo(rt.lock, 0600), 0);
    assert_false(lock_is_held(&rt, &pid));
    assert_null(tether_client_status("prod", &e));
    assert_int_equal(e.code, ERR_NONE);
    assert_int_equal(tether_client_down("prod", false, NULL), 1);
    assert_int_equal(lock_take(&rt, &fd, &e), -1);
    assert_non_null(strstr(e.msg, "not a regular file"));
    runtime_clear(&rt);
}

/* What cleans up after a dead tether is not taken for one that hangs. */
static void who_cleans_up_has_no_number(void **state)
{
    struct runtime rt;
    pid_t pid = -1;
    int fd;

    (void)state;
    prepare(&rt);
    scratch_write(rt.lock, "4711\n", 0600);
    assert_int_equal(lock_take_to_clean(&rt, &fd, NULL), 0);
    assert_true(lock_is_held(&rt, &pid));
    assert_int_equal(pid, 0);
    struct lock_holder h = lock_find_holder(&rt);
    assert_int_equal(h.pid, 0);
    lock_signal_holder(&rt, &h, SIGKILL);
    assert_true(lock_await_holder(&h, 0));
    lock_forget_holder(&h);
    close(fd);
    runtime_clear(&rt);
}

static void the_holder_is_signalled_and_waited_for(void **state)
{
    struct runtime rt;
    siginfo_t info = { 0 };
    int go;

    (void)state;
    prepare(&rt);
    pid_t child = holder(&rt, &go, 0);
    struct lock_holder h = lock_find_holder(&rt);
    assert_int_equal(h.pid, child);
    assert_false(lock_await_holder(&h, 0));
    lock_signal_holder(&rt, &h, SIGKILL);
    /* Nobody has collected it, and it is waited for all the same. */
    assert_int_equal(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
    if (h.fd >= 0)
        assert_true(lock_await_holder(&h, LONG_MS));
    lock_forget_holder(&h);
    collect(child, go);
    runtime_clear(&rt);
}

/* The number of another PID namespace is that of a stranger here. */
static void a_stranger_with_the_number_is_left_alone(void **state)
{
    struct runtime rt;
    siginfo_t info = { 0 };
    int go;

    (void)state;
    prepare(&rt);
    pid_t stranger = fork();
    assert_true(stranger >= 0);
    if (stranger == 0) {
        pause();
        _exit(0);
    }
    pid_t child = holder(&rt, &go, stranger);
    struct lock_holder h = lock_find_holder(&rt);
    assert_int_equal(h.pid, 0);
    lock_signal_holder(&rt, &h, SIGKILL);
    lock_forget_holder(&h);
    struct lock_holder forged = { .pid = stranger, .fd = -1 };
    lock_signal_holder(&rt, &forged, SIGKILL);
    assert_int_equal(waitid(P_PID, (id_t)stranger, &info, WEXITED | WNOHANG | WNOWAIT), 0);
    assert_int_equal(info.si_pid, 0);
    kill(stranger, SIGKILL);
    waitpid(stranger, NULL, 0);
    collect(child, go);
    runtime_clear(&rt);
}

static void a_path_that_is_not_utf8_has_a_status(void **state)
{
    struct profile *p = profile_new("prod");
    const struct status_facts facts = { .profile = p, .socket = "/run/r\xff/prod.sock" };
    struct status st;

    (void)state;
    p->host = mem_strdup("h");
    p->user = mem_strdup("u");
    assert_int_equal(profile_finish(p, NULL), 0);
    status_init(&st);
    json_t *o = status_json(&st, &facts, (struct pool_counts){ 0 });
    assert_non_null(o);
    assert_string_equal(json_string_value(json_object_get(o, "name")), "prod");
    char *line = json_dumps(o, JSON_COMPACT);
    assert_non_null(line);
    free(line);
    json_decref(o);
    profile_free(p);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_tether_that_ends_while_it_is_asked_is_none),
        TEST(a_fifo_is_no_lock),
        TEST(who_cleans_up_has_no_number),
        TEST(the_holder_is_signalled_and_waited_for),
        TEST(a_stranger_with_the_number_is_left_alone),
        TEST(a_path_that_is_not_utf8_has_a_status),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("tether-client", tests, NULL, NULL);
}
