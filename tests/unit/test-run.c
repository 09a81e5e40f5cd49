/* Programs that are run for their output: streams apart, the whole reason, an end in time. */
#include "base/run.h"
#include "base/time.h"
#include "scratch.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>

#include <cmocka.h>

static int sh(const char *script, int patience_ms, char *buf, size_t size, struct err *e)
{
    const char *const argv[] = { "sh", "-c", script, NULL };

    return run_program("test", argv, patience_ms, buf, size, e);
}

static void test_streams(void **state)
{
    char buf[64];

    (void)state;
    assert_int_equal(sh("echo answer; echo warning >&2; echo more", 5000, buf, sizeof buf, NULL), 0);
    assert_string_equal(buf, "answer\nmore\n");
    /* Nobody reads the rest of it, and it is taken all the same. */
    assert_int_equal(
        sh("i=0; while [ $i -lt 9000 ]; do echo 0123456789abcdef >&2; i=$((i+1)); done; echo end", 20000, buf,
           sizeof buf, NULL),
        0);
    assert_string_equal(buf, "end\n");
}

static void test_reason(void **state)
{
    struct err e = ERR_INIT;
    char buf[64];

    (void)state;
    assert_int_equal(sh("echo partial; printf 'x: line 3: bad\\r\\n\\nx: 1 bad option\\n' >&2; exit 255",
                        5000, buf, sizeof buf, &e),
                     -1);
    assert_string_equal(e.msg, "x: line 3: bad; x: 1 bad option");
    assert_string_equal(buf, "partial\n");
    assert_int_equal(sh("echo said here; exit 1", 5000, buf, sizeof buf, &e), -1);
    assert_string_equal(e.msg, "said here");
    assert_int_equal(sh("exit 3", 5000, buf, sizeof buf, &e), -1);
    assert_non_null(strstr(e.msg, "status 3"));
    assert_int_equal(sh("kill -9 $$", 5000, buf, sizeof buf, &e), -1);
    assert_non_null(strstr(e.msg, "signal 9"));
    /* A reason without an end keeps its beginning. */
    assert_int_equal(
        sh("echo first >&2; yes and more | head -n 9000 >&2; exit 1", 20000, buf, sizeof buf, &e), -1);
    assert_int_equal(strncmp(e.msg, "first", 5), 0);
}

static void test_none(void **state)
{
    const char *const argv[] = { "docktether-has-no-such-program", NULL };
    char buf[64];

    (void)state;
    assert_int_equal(run_program("test", argv, 5000, buf, sizeof buf, NULL), 1);
    assert_int_equal(sh("echo way too much for the buffer; sleep 60", 30000, buf, 16, NULL), -1);
}

/* None of it is left: waitpid() finds no child. */
static void ends(const char *script)
{
    struct err e = ERR_INIT;
    char buf[64];
    int64_t begun = time_mono_us();

    assert_int_equal(sh(script, 300, buf, sizeof buf, &e), -1);
    assert_non_null(strstr(e.msg, "longer than"));
    assert_true(time_mono_us() - begun < 20 * 1000000);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

static void test_deadline(void **state)
{
    (void)state;
    ends("exec sleep 30");
    /* It closes its output and goes on. */
    ends("exec >&- 2>&-; exec sleep 30");
    ends("exec 2>&-; exec sleep 30");
    ends("trap '' TERM INT HUP; exec >&- 2>&-; while :; do :; done");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_streams),
        cmocka_unit_test(test_reason),
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_deadline),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("run", tests, NULL, NULL);
}
