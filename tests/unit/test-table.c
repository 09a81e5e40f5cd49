/* Columns: what text takes on a terminal, and how a table is made to fit one; ages and
 * times as they are shown. */
#include "base/mem.h"
#include "base/time.h"
#include "ui/out.h"
#include "ui/table.h"
#include "ui/width.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_width(void **state)
{
    (void)state;
    assert_int_equal(width_of(""), 0);
    assert_int_equal(width_of("abc"), 3);
    assert_int_equal(width_of("Z\xc3\xbcrich"), 6);
    assert_int_equal(width_of("\xe6\x9d\xb1\xe4\xba\xac"), 4); /* two ideographs */
    assert_int_equal(width_of("e\xcc\x81"), 1);                /* a combining accent */
    assert_int_equal(width_of("\xf0\x9f\x90\xb3"), 2);         /* a whale */
}

static void assert_cut(const char *s, size_t columns, const char *expected)
{
    char *cut = width_cut(s, columns);

    assert_string_equal(cut, expected);
    assert_true(width_of(cut) <= columns);
    free(cut);
}

static void test_cut(void **state)
{
    (void)state;
    assert_cut("abc", 3, "abc");
    assert_cut("abcd", 3, "ab\xe2\x80\xa6");
    assert_cut("abcd", 1, "\xe2\x80\xa6");
    assert_cut("abcd", 0, "");
    /* Half of an ideograph is none of it. */
    assert_cut("\xe6\x9d\xb1\xe4\xba\xac", 3, "\xe6\x9d\xb1\xe2\x80\xa6");
    assert_cut("\xe6\x9d\xb1\xe4\xba\xac", 2, "\xe2\x80\xa6");
}

static void test_misleading_text_is_escaped(void **state)
{
    char *escaped = out_escape("a\xe2\x80\xae"
                               "b\x1b[31m\xe2\x81\xa6"
                               "c\xe2\x80\xa6");

    (void)state;
    assert_string_equal(escaped, "a\\xe2\\x80\\xae"
                                 "b\\x1b[31m\\xe2\\x81\\xa6"
                                 "c\xe2\x80\xa6");
    free(escaped);
}

static struct table *sample(void)
{
    static const char *const titles[] = { "NAME", "STATE", "BYTES", "LAST ERROR" };
    struct table *t = table_new(4, titles);

    table_row(t, (const char *const[]){ "production", "serving", "12kB", "" });
    table_row(t, (const char *const[]){ "b", "waiting", "0B",
                                        "TCP: a rather long sentence that says why nothing can be reached" });
    return t;
}

static void assert_lines(size_t width, const char *first, const char *second)
{
    static const unsigned char rank[] = { 0, 0, 2, 1 };
    const struct table_fit fit = { .width = width, .rank = rank };
    struct table *t = sample();
    struct strv lines = { 0 };

    table_lines(t, &fit, &lines);
    assert_int_equal(lines.count, 3);
    assert_string_equal(lines.items[1], first);
    assert_string_equal(lines.items[2], second);
    strv_clear(&lines);
    table_free(t);
}

static void test_fit(void **state)
{
    (void)state;
    assert_lines(
        200, "production   serving   12kB",
        "b            waiting   0B      TCP: a rather long sentence that says why nothing can be reached");
    assert_lines(70, "production   serving   12kB",
                 "b            waiting   0B      TCP: a rather long sentence that says \xe2\x80\xa6");
    assert_lines(60, "production   serving",
                 "b            waiting   TCP: a rather long sentence that say\xe2\x80\xa6");
    assert_lines(30, "production   serving", "b            waiting");
    assert_lines(16, "produ\xe2\x80\xa6   serving", "b        waiting");
    assert_lines(5, "pro\xe2\x80\xa6", "b");
    assert_lines(1, "\xe2\x80\xa6", "b");
}

static void test_empty_columns_go_first(void **state)
{
    static const char *const titles[] = { "NAME", "STATE", "FOR", "LAST ERROR" };
    static const unsigned char rank[] = { 0, 0, 2, 1 };
    const struct table_fit fit = { .width = 25, .rank = rank };
    struct table *t = table_new(4, titles);
    struct strv lines = { 0 };

    (void)state;
    table_row(t, (const char *const[]){ "lab", "serving", "3m 20s", "" });
    table_lines(t, &fit, &lines);
    assert_string_equal(lines.items[0], "NAME   STATE     FOR");
    assert_string_equal(lines.items[1], "lab    serving   3m 20s");
    strv_clear(&lines);
    table_free(t);
}

/* Whatever the width, no line is wider. */
static void test_never_wider(void **state)
{
    static const unsigned char rank[] = { 0, 0, 2, 1 };
    struct table *t = sample();

    (void)state;
    for (size_t width = 1; width < 120; width++) {
        for (int ranked = 0; ranked < 2; ranked++) {
            const struct table_fit fit = { .width = width, .rank = ranked ? rank : NULL };
            struct strv lines = { 0 };
            table_lines(t, &fit, &lines);
            for (size_t i = 0; i < lines.count; i++)
                assert_true(width_of(lines.items[i]) <= width);
            strv_clear(&lines);
        }
    }
    table_free(t);
}

static void test_colours(void **state)
{
    const struct table_fit fit = { .width = 40, .colours = true };
    struct table *t = table_new(2, NULL);
    struct strv lines = { 0 };

    (void)state;
    table_row(t, (const char *const[]){ "prod", "serving" });
    table_paint(t, 1, STYLE_GOOD);
    table_lines(t, &fit, &lines);
    assert_string_equal(lines.items[0], "prod   \033[32mserving\033[0m");
    strv_clear(&lines);
    table_free(t);
    assert_int_equal(style_of_state("failed"), STYLE_BAD);
    assert_int_equal(style_of_state("nonsense"), STYLE_PLAIN);
}

static void assert_age(int64_t ms, const char *expected)
{
    char text[32];

    time_format_age(ms, text, sizeof text);
    assert_string_equal(text, expected);
}

static void test_age(void **state)
{
    (void)state;
    assert_age(-5000, "0s");
    assert_age(999, "0s");
    assert_age(59999, "59s");
    assert_age(60000, "1m");
    assert_age(200000, "3m 20s");
    assert_age(7500000, "2h 5m");
    assert_age(INT64_C(86400000), "1d");
    assert_age(INT64_C(1051200000), "12d 4h");
}

static void test_utc_both_ways(void **state)
{
    static const char *const bad[] = { "", "now", "2026-11-22T03:38:08", "2026-11-22T03:38:08+01:00",
                                       "2026-11-22T03:38:08Zx" };
    char text[32];
    int64_t ms = 0;

    (void)state;
    assert_int_equal(time_parse_utc("2026-11-22T03:38:08Z", &ms), 0);
    time_format_utc(ms, text, sizeof text);
    assert_string_equal(text, "2026-11-22T03:38:08Z");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(time_parse_utc(bad[i], &ms), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_width),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_misleading_text_is_escaped),
        cmocka_unit_test(test_fit),
        cmocka_unit_test(test_empty_columns_go_first),
        cmocka_unit_test(test_never_wider),
        cmocka_unit_test(test_colours),
        cmocka_unit_test(test_age),
        cmocka_unit_test(test_utc_both_ways),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
