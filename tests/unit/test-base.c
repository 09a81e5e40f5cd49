#include "base/err.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/time.h"
#include "scratch.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>

#include <cmocka.h>

/* err */

static void escapes_to(const char *from, const char *to)
{
    char out[200];

    err_escape(out, sizeof out, from);
    assert_string_equal(out, to);
    assert_int_equal(err_printable(from), strcmp(from, to) == 0);
}

static void test_escape(void **state)
{
    (void)state;
    escapes_to("", "");
    escapes_to("plain ~", "plain ~");
    escapes_to("\x1b[31mred\x07", "\\x1b[31mred\\x07");
    escapes_to("a\nb\tc\rd\x7f", "a\\x0ab\\x09c\\x0dd\\x7f");
    escapes_to("\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xb3", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xb3");
    /* C1 controls: CSI as U+009B does on some terminals what ESC [ does */
    escapes_to("\xc2\x9b"
               "31m",
               "\\xc2\\x9b31m");
    escapes_to("\xc2\x80\xc2\x9f\xc2\xa0", "\\xc2\\x80\\xc2\\x9f\xc2\xa0");
    /* overlong forms of ESC and of "/" */
    escapes_to("\xc0\x9b", "\\xc0\\x9b");
    escapes_to("\xc1\xbf", "\\xc1\\xbf");
    escapes_to("\xe0\x80\x9b", "\\xe0\\x80\\x9b");
    escapes_to("\xe0\x9f\xbf\xe0\xa0\x80", "\\xe0\\x9f\\xbf\xe0\xa0\x80");
    escapes_to("\xf0\x80\x80\x9b", "\\xf0\\x80\\x80\\x9b");
    escapes_to("\xf0\x8f\xbf\xbf\xf0\x90\x80\x80", "\\xf0\\x8f\\xbf\\xbf\xf0\x90\x80\x80");
    /* surrogates, and what lies beyond U+10FFFF */
    escapes_to("\xed\xa0\x80\xed\x9f\xbf", "\\xed\\xa0\\x80\xed\x9f\xbf");
    escapes_to("\xf4\x90\x80\x80\xf4\x8f\xbf\xbf", "\\xf4\\x90\\x80\\x80\xf4\x8f\xbf\xbf");
    escapes_to("\xf5\x80\x80\x80\xff\xfe", "\\xf5\\x80\\x80\\x80\\xff\\xfe");
    /* lone and missing continuations, also at the end of the string */
    escapes_to("\x80"
               "a\xc3"
               "b\xe2\x82",
               "\\x80a\\xc3b\\xe2\\x82");
    escapes_to("\xf0\x9f\x90", "\\xf0\\x9f\\x90");
    /* twice is as good as once */
    escapes_to("\\x1b", "\\x1b");
}

static void test_escape_truncation(void **state)
{
    static const char *const from[] = { "abcdef", "a\x1b\x1b", "\xe2\x82\xac\xe2\x82\xac", "\x01",
                                        "ab\xc3\xa4" };
    char out[32];

    (void)state;
    for (size_t i = 0; i < sizeof from / sizeof *from; i++) {
        char whole[32];
        err_escape(whole, sizeof whole, from[i]);
        for (size_t size = 0; size <= strlen(whole) + 1; size++) {
            memset(out, '#', sizeof out);
            err_escape(out, size, from[i]);
            assert_int_equal(out[size], '#'); /* nothing beyond its size */
            if (size == 0)
                continue;
            assert_non_null(memchr(out, '\0', size));
            assert_memory_equal(out, whole, strlen(out));
            assert_true(err_printable(out)); /* no character is cut in two */
            /* an escape is whole or absent */
            const char *last = strrchr(out, '\\');
            assert_true(last == NULL || strlen(last) >= 4);
        }
        assert_string_equal(out, whole);
    }
}

static void test_err(void **state)
{
    struct err e = ERR_INIT;
    char text[64], big[2000];

    (void)state;
    errno = ENOENT;
    assert_int_equal(err_set_errno(&e, ERR_SOCKET, "TCP", "%s", "a\x1b"), -1);
    assert_int_equal(errno, ENOENT);
    assert_string_equal(e.msg, "a\\x1b: No such file or directory");
    assert_int_equal(err_hint(&e, "do %s\n", "it"), -1);
    assert_string_equal(e.hint, "do it\\x0a");
    err_text(&e, text, sizeof text);
    assert_string_equal(text, "TCP: a\\x1b: No such file or directory");

    assert_int_equal(err_fix_there(&e, "sudo %s", "it"), -1);
    assert_string_equal(e.fix, "sudo it");
    assert_true(e.fix_there);
    assert_int_equal(err_fix(&e, "it"), -1);
    assert_false(e.fix_there);
    /* Half a command, or one that is not what it looks like, is none. */
    assert_int_equal(err_fix(&e, "rm %s", "\x1b[8m-rf"), -1);
    assert_string_equal(e.fix, "");
    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    assert_int_equal(err_fix(&e, "%s", big), -1);
    assert_string_equal(e.fix, "");
    assert_int_equal(err_fix(&e, "it"), -1);
    /* Of a file, whatever it is called. */
    assert_int_equal(err_fix_file(&e, "chmod 600", "/it's a"), -1);
    assert_string_equal(e.fix, "chmod 600 '/it'\\''s a'");
    assert_int_equal(err_hint_file(&e, "look at", "/it's a", " first"), -1);
    assert_string_equal(e.hint, "look at '/it'\\''s a' first");

    /* A prefix, with parts of the error itself as arguments. */
    err_set(&e, ERR_PROFILE, e.layer, "x: %s", e.msg);
    assert_string_equal(e.msg, "x: a\\x1b: No such file or directory");
    assert_string_equal(e.layer, "TCP");
    assert_string_equal(e.hint, "");
    assert_string_equal(e.fix, "");

    memset(big, '\x01', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    err_set(&e, ERR_FAILED, big, "%s", big);
    assert_true(strlen(e.msg) < sizeof e.msg && strlen(e.msg) > 700);
    assert_int_equal(strlen(e.layer), sizeof e.layer - 1);
    memset(big, 'x', sizeof big - 1);
    errno = EIO;
    err_set_errno(&e, ERR_FAILED, "", "%s", big);
    assert_int_equal(strlen(e.msg), sizeof e.msg - 1);
    err_text(&e, text, sizeof text);
    assert_int_equal(strlen(text), sizeof text - 1);

    err_clear(&e);
    assert_int_equal(e.code, ERR_NONE);
    assert_int_equal(err_set(NULL, ERR_FAILED, "", "x"), -1);
    assert_int_equal(err_set_errno(NULL, ERR_FAILED, "", "x"), -1);
    assert_int_equal(err_hint(NULL, "x"), -1);
    assert_int_equal(err_fix(NULL, "x"), -1);
    assert_int_equal(err_fix_there(NULL, "x"), -1);
    assert_int_equal(err_fix_file(NULL, "x", "y"), -1);
    assert_int_equal(err_hint_file(NULL, "x", "y", ""), -1);
}

/* time */

static void test_durations(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
        const char *shown;
    } good[] = {
        { "0", 0, "0" },
        { "0s", 0, "0" },
        { "1ms", 1, "1ms" },
        { "1500ms", 1500, "1500ms" },
        { "10s", 10000, "10s" },
        { "60s", 60000, "1m" },
        { "90s", 90000, "90s" },
        { "2m", 120000, "2m" },
        { "1h", 3600000, "1h" },
        { "24h", 86400000, "24h" },
        { "86400000ms", 86400000, "24h" },
        { "007s", 7000, "7s" },
    };
    static const char *const bad[] = { "",
                                       "10",
                                       "s",
                                       "-1s",
                                       "+1s",
                                       " 1s",
                                       "1s ",
                                       "1 s",
                                       "1S",
                                       "1sec",
                                       "1.5s",
                                       "1s1s",
                                       "25h",
                                       "1441m",
                                       "1d",
                                       "86400001ms",
                                       "0x1s",
                                       "999999999s",
                                       "18446744073709551616s",
                                       "99999999h",
                                       "ms",
                                       "00x" };
    char shown[32];

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        int64_t ms = -1;
        if (time_parse_duration(good[i].text, &ms) != 0)
            fail_msg("refused: %s", good[i].text);
        assert_int_equal(ms, good[i].ms);
        time_format_duration(ms, shown, sizeof shown);
        assert_string_equal(shown, good[i].shown);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t ms = 42;
        if (time_parse_duration(bad[i], &ms) != -1)
            fail_msg("accepted: \"%s\"", bad[i]);
        assert_int_equal(ms, 42);
    }
}

static void test_clocks(void **state)
{
    char text[32], small[8];

    (void)state;
    time_format_utc(INT64_C(1795318688999), text, sizeof text);
    assert_string_equal(text, "2026-11-22T03:38:08Z");
    time_format_utc(0, text, sizeof text);
    assert_string_equal(text, "1970-01-01T00:00:00Z");
    time_format_utc(0, small, sizeof small);
    assert_string_equal(small, "");

    assert_int_equal(deadline_left(deadline_in(0)), 0);
    assert_int_equal(deadline_left(deadline_in(-5000)), 0);
    assert_int_equal(deadline_left(deadline_in(INT64_C(1) << 40)), INT_MAX);
    int left = deadline_left(deadline_in(60000));
    assert_true(left > 50000 && left <= 60000);
    assert_true(time_boot_ms() >= time_mono_ms() - 1);
}

/* mem */

static void test_mem(void **state)
{
    struct strv a = { 0 }, b = { 0 };
    char *s = mem_printf("%s-%d", "x", 5);

    (void)state;
    assert_string_equal(s, "x-5");
    mem_replace(&s, s); /* itself */
    assert_string_equal(s, "x-5");
    mem_replace(&s, s + 2);
    assert_string_equal(s, "5");
    mem_replace(&s, NULL);
    assert_null(s);
    assert_null(mem_strdup(NULL));

    char *grown = mem_resize(NULL, 0, 8);
    assert_non_null(grown);
    free(grown);

    for (int i = 0; i < 100; i++) {
        char text[16];
        snprintf(text, sizeof text, "%d", i);
        strv_add(&a, text);
    }
    strv_copy(&b, &a);
    strv_clear(&a);
    assert_int_equal(a.count, 0);
    assert_int_equal(b.count, 100);
    assert_string_equal(b.items[99], "99");
    strv_clear(&b);
    strv_clear(&b);

    char secret[] = "secret";
    mem_wipe(secret, sizeof secret);
    for (size_t i = 0; i < sizeof secret; i++)
        assert_int_equal(secret[i], 0);
    mem_wipe(NULL, 5);
}

static void test_resize_overflow(void **state)
{
    int status;

    (void)state;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        signal(SIGABRT, SIG_DFL); /* not cmocka's, which would report it */
        free(mem_resize(NULL, SIZE_MAX / 4 + 1, 8));
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

/* path */

static void is_path(char *got, const char *want)
{
    assert_non_null(got);
    assert_string_equal(got, want);
    free(got);
}

static void test_path_env(void **state)
{
    static const char *const variables[] = { "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR" };
    static char *(*const functions[])(struct err *) = { path_config_dir, path_state_dir, path_runtime_dir };

    (void)state;
    setenv("HOME", "/h", 1);
    is_path(path_config_dir(NULL), "/h/.config/docktether");
    is_path(path_state_dir(NULL), "/h/.local/state/docktether");
    is_path(path_docker_config(NULL), "/h/.docker");
    for (size_t i = 0; i < 3; i++) {
        struct err e = ERR_INIT;
        setenv(variables[i], "/x", 1);
        is_path(functions[i](&e), "/x/docktether");
        setenv(variables[i], "x", 1);
        assert_null(functions[i](&e));
        assert_int_equal(e.code, ERR_FAILED);
        assert_non_null(strstr(e.msg, variables[i]));
        setenv(variables[i], "", 1); /* as good as unset */
        char *path = functions[i](&e);
        assert_true(path != NULL && path[0] == '/' && strncmp(path, "/tmp", 4) != 0);
        free(path);
        unsetenv(variables[i]);
    }
    setenv("DOCKER_CONFIG", "/d", 1);
    is_path(path_docker_config(NULL), "/d");
    setenv("DOCKER_CONFIG", "sub/d", 1); /* Docker's own rule */
    char *cwd = getcwd(NULL, 0), *want = mem_printf("%s/sub/d", cwd);
    is_path(path_docker_config(NULL), want);
    free(cwd);
    free(want);
    unsetenv("DOCKER_CONFIG");
}

static void test_path_home(void **state)
{
    struct err e = ERR_INIT;

    (void)state;
    setenv("HOME", "/h", 1);
    is_path(path_expand("~", NULL), "/h");
    is_path(path_expand("~/", NULL), "/h/");
    is_path(path_expand("~/x/y", NULL), "/h/x/y");
    is_path(path_expand("/x", NULL), "/x");
    assert_null(path_expand("~bob/x", &e));
    assert_int_equal(e.code, ERR_FAILED);
    assert_null(path_expand("x", &e));
    assert_null(path_expand("./x", &e));
    assert_null(path_expand("", &e));

    is_path(path_display("/h/x"), "~/x");
    is_path(path_display("/h"), "/h");
    is_path(path_display("/hx/y"), "/hx/y"); /* a neighbour with the same beginning */
    is_path(path_display("/x/h/y"), "/x/h/y");

    setenv("HOME", "/h//", 1);
    is_path(path_home(NULL), "/h");
    is_path(path_config_dir(NULL), "/h/.config/docktether");
    is_path(path_display("/h/x"), "~/x");
    setenv("HOME", "/", 1);
    is_path(path_home(NULL), "/");
    is_path(path_display("/x"), "/x");
    setenv("HOME", "h", 1);
    assert_null(path_home(&e));
    is_path(path_display("/h/x"), "/h/x");
    unsetenv("HOME");
    char *home = path_home(&e); /* from the password database */
    assert_true(home != NULL && home[0] == '/');
    free(home);
}

#define IN_SCRATCH(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_escape),
        cmocka_unit_test(test_escape_truncation),
        cmocka_unit_test(test_err),
        cmocka_unit_test(test_durations),
        cmocka_unit_test(test_clocks),
        cmocka_unit_test(test_mem),
        cmocka_unit_test(test_resize_overflow),
        IN_SCRATCH(test_path_env),
        IN_SCRATCH(test_path_home),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
