#include "base/mem.h"
#include "store/ini.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What the parser reported: "[section]" for a header, "section.key=value" for a pair. */
static int record(void *user, const char *section, const char *key, const char *value, struct err *e)
{
    struct strv *seen = user;
    char *text = key == NULL ? mem_printf("[%s]", section) : mem_printf("%s.%s=%s", section, key, value);
    int rc = 0;

    strv_add(seen, text);
    free(text);
    if (key != NULL && strcmp(key, "reject") == 0) {
        err_set(e, ERR_USAGE, "layer", "no %s here", key);
        rc = err_hint(e, "the hint");
    }
    return rc;
}

static int parse(const char *text, struct strv *seen, struct err *e)
{
    err_clear(e);
    strv_clear(seen);
    return ini_parse_text("/p/f.ini", text, record, seen, e);
}

/* The text is refused at the line, with the words in its message, and nothing
 * but `before` entries was ever reported. */
static void refused(const char *text, int line, const char *words, size_t before)
{
    struct strv seen = { 0 };
    struct err e;
    char where[32];

    snprintf(where, sizeof where, "/p/f.ini:%d: ", line);
    if (parse(text, &seen, &e) != -1)
        fail_msg("accepted: %s", text);
    if (strncmp(e.msg, where, strlen(where)) != 0 || strstr(e.msg, words) == NULL)
        fail_msg("\"%s\" gave \"%s\"", text, e.msg);
    assert_int_equal(e.code, ERR_PROFILE);
    assert_string_equal(e.layer, "profile");
    if (seen.count != before)
        fail_msg("\"%s\" reported %zu entries", text, seen.count);
    strv_clear(&seen);
}

static void accepted(const char *text, const char *const *want)
{
    struct strv seen = { 0 };
    struct err e;
    size_t i;

    if (parse(text, &seen, &e) != 0)
        fail_msg("refused: %s", e.msg);
    for (i = 0; i < seen.count && want[i] != NULL; i++)
        assert_string_equal(seen.items[i], want[i]);
    assert_int_equal(i, seen.count);
    assert_null(want[i]);
    strv_clear(&seen);
}

#define ACCEPTED(text, ...) accepted(text, (const char *const[]){ __VA_ARGS__ })

static void test_plain(void **state)
{
    (void)state;
    ACCEPTED("", NULL);
    ACCEPTED("\n\r\n \t\n# c\n; c\n  # [x]\n\t; k = v\n#", NULL);
    ACCEPTED("[ssh]\nhost = h\n[docker] \t\nsocket=/x y\n[ssh]\nport\t=\t22  ", "[ssh]", "ssh.host=h",
             "[docker]", "docker.socket=/x y", "[ssh]", "ssh.port=22", NULL);
    ACCEPTED("[ssh]\r\nhost = h\r\n", "[ssh]", "ssh.host=h", NULL);
    ACCEPTED("[a]\nk =\nl = \nm = a=b:c\nn = #x\no = a;b\np = \"q\"\nr =;x\n", "[a]",
             "a.k=", "a.l=", "a.m=a=b:c", "a.n=#x", "a.o=a;b", "a.p=\"q\"", "a.r=;x", NULL);
    ACCEPTED("[a]\nk = \xc3\xa4\xe2\x82\xac\n", "[a]", "a.k=\xc3\xa4\xe2\x82\xac", NULL);
}

/* inih takes what lies beyond its buffer for the next line: whatever the
 * length, the tail must never be seen as a key. */
static void test_long_lines(void **state)
{
    (void)state;
    for (size_t len = 1; len <= 700; len++) {
        char text[1200];
        size_t fill = sprintf(text, "[a]\nk = ");
        memset(text + fill, 'x', len);
        strcpy(text + fill + len, "pin = evil\nz = 1\n");
        size_t line = strlen("k = ") + len + strlen("pin = evil");
        if (line > INI_LINE_MAX) {
            refused(text, 2, "longer than 196 bytes", 1);
            continue;
        }
        struct strv seen = { 0 };
        struct err e;
        assert_int_equal(parse(text, &seen, &e), 0);
        assert_int_equal(seen.count, 3);
        assert_int_equal(strlen(seen.items[1]), strlen("a.") + line - strlen("k = ") + strlen("k="));
        assert_string_equal(seen.items[2], "a.z=1");
        strv_clear(&seen);
    }
}

/* The same with blanks, comments and a key instead of a value in front. */
static void test_long_fillers(void **state)
{
    static const char *const heads[] = { "# ", "; ", "", "[", "k", "k =", "[a" };
    static const char fills[] = " \tx=#;]";

    (void)state;
    for (size_t h = 0; h < sizeof heads / sizeof *heads; h++) {
        for (size_t f = 0; fills[f] != '\0'; f++) {
            for (size_t len = 185; len < 215; len++) {
                char text[400];
                size_t at = sprintf(text, "[a]\n%s", heads[h]);
                memset(text + at, fills[f], len);
                strcpy(text + at + len, "pin = evil\n");
                struct strv seen = { 0 };
                struct err e;
                parse(text, &seen, &e);
                for (size_t i = 0; i < seen.count; i++)
                    if (strncmp(seen.items[i], "a.pin=", 6) == 0)
                        fail_msg("injected by \"%s\"", text);
                strv_clear(&seen);
            }
        }
    }
}

static void test_line_limit(void **state)
{
    char text[INI_LINE_MAX + 16];
    struct strv seen = { 0 };
    struct err e;

    (void)state;
    strcpy(text, "[a]\nk=");
    memset(text + 6, 'v', INI_LINE_MAX - 2);
    strcpy(text + 4 + INI_LINE_MAX, "\r\n");
    assert_int_equal(parse(text, &seen, &e), 0);
    assert_int_equal(strlen(seen.items[1]), 4 + INI_LINE_MAX - 2); /* whole, not cut */
    strv_clear(&seen);
    strcpy(text + 4 + INI_LINE_MAX, "v\n");
    refused(text, 2, "longer than", 1);
    strcpy(text + 4 + INI_LINE_MAX, "v");
    refused(text, 2, "longer than", 1);
}

static void test_indentation(void **state)
{
    (void)state;
    refused("[a]\nk = v\n more\n", 3, "indented", 2);
    refused("[a]\nk = v\n\tl = w\n", 3, "indented", 2);
    refused("[a]\n k = v\n", 2, "indented", 1);
    refused(" [a]\n", 1, "indented", 0);
    refused("[a]\nk = v\n\v l = w\n", 3, "control", 2);
    refused("[a]\nk = v\n\f[b]\n", 3, "control", 2);
    /* U+00A0 is a blank to some eyes only. */
    refused("[a]\nk = v\n\xc2\xa0l = w\n", 3, "neither", 2);
}

static void test_headers(void **state)
{
    char text[128];

    (void)state;
    refused("[a]\n[b\nk = v\n", 2, "header", 1);
    refused("[a]\n[]\nk = v\n", 2, "header", 1);
    refused("[a]\n[b] k = v\n", 2, "header", 1);
    refused("[a]\n[b] ; c\nk = v\n", 2, "header", 1);
    refused("[a]\n[b]]\n", 2, "header", 1);
    refused("[a]\n[ b ]\n", 2, "header", 1);
    refused("[a]\n[b c]\n", 2, "header", 1);
    refused("[a]\n[b;c]\n", 2, "header", 1);
    refused("[a]\n[b]=c\n", 2, "header", 1);
    refused("[a][b]\n", 1, "header", 0);
    snprintf(text, sizeof text, "[%s]\nk = v\n",
             "sshaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    refused(text, 1, "too long", 0);
    snprintf(text, sizeof text, "[%.33s]\nk = v\n", "abcdefghijklmnopqrstuvwxyzabcdefghijkl");
    refused(text, 1, "too long", 0);
    ACCEPTED("[abcdefghijklmnopqrstuvwxyzabcdef]\n", "[abcdefghijklmnopqrstuvwxyzabcdef]", NULL);
}

static void test_pairs(void **state)
{
    (void)state;
    refused("k = v\n[a]\n", 1, "before the first", 0);
    refused("[a]\nk\n", 2, "neither", 1);
    refused("[a]\nk v = w\n", 2, "neither", 1);
    refused("[a]\nk : v\n", 2, "neither", 1);
    refused("[a]\nk:l = v\n", 2, "neither", 1);
    refused("[a]\n= v\n", 2, "neither", 1);
    refused("[a]\nk ; = v\n", 2, "neither", 1);
    refused("[a]\nk = v ; c\n", 2, "\" ;\"", 1);
    refused("[a]\nk = v\t;c\n", 2, "\" ;\"", 1);
    refused("[a]\nk = ;c\n", 2, "\" ;\"", 1);
    refused("[a]\nk = a;b ;\n", 2, "\" ;\"", 1);
}

static void test_bytes(void **state)
{
    (void)state;
    refused("\xef\xbb\xbf[a]\nk = v\n", 1, "byte order mark", 0);
    refused("[a]\nk = v\xef\xbb\xbf\n\xef\xbb\xbf[b]\n", 3, "neither", 2);
    refused("[a]\rk = v\n", 1, "control", 0);
    refused("[a]\nk = v\r", 2, "control", 1);
    refused("[a]\nk = v\r\r\n", 2, "control", 1);
    refused("[a]\nk = a\rpin = b\n", 2, "control", 1);
    refused("[a]\n# a\x1b[2Jb\n", 2, "control", 1);
    refused("[a]\nk = \x7f\n", 2, "control", 1);
}

static void test_rejected(void **state)
{
    struct strv seen = { 0 };
    struct err e;

    (void)state;
    assert_int_equal(parse("[a]\n\n# c\nreject = 1\nk = v\n", &seen, &e), -1);
    assert_string_equal(e.msg, "/p/f.ini:4: no reject here");
    assert_string_equal(e.hint, "the hint");
    assert_string_equal(e.layer, "profile");
    assert_int_equal(e.code, ERR_PROFILE);
    assert_int_equal(seen.count, 2); /* nothing after the first error */
    strv_clear(&seen);
    assert_int_equal(ini_parse_text("f", "[a]\nreject = 1\n", record, &seen, NULL), -1);
    strv_clear(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),        cmocka_unit_test(test_long_lines),
        cmocka_unit_test(test_long_fillers), cmocka_unit_test(test_line_limit),
        cmocka_unit_test(test_indentation),  cmocka_unit_test(test_headers),
        cmocka_unit_test(test_pairs),        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_rejected),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("ini", tests, NULL, NULL);
}
