#include "base/mem.h"
#include "store/endpoint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *repeat(char c, size_t count)
{
    char *s = mem_alloc(count + 1);

    memset(s, c, count);
    return s;
}

static void same(const char *url, const char *what, const char *got, const char *want)
{
    if (got == NULL || want == NULL ? got != want : strcmp(got, want) != 0)
        fail_msg("%s: %s is \"%s\", not \"%s\"", url, what, got ? got : "(null)", want ? want : "(null)");
}

static void test_good(void **state)
{
    static const struct {
        const char *url, *user, *host;
        unsigned port;
        const char *path;
    } good[] = {
        { "ssh://h", NULL, "h", 0, NULL },
        { "SSH://h/", NULL, "h", 0, NULL },
        { "ssh://deploy@prod.example.com:2222/run/docker.sock", "deploy", "prod.example.com", 2222,
          "/run/docker.sock" },
        { "ssh://h:1", NULL, "h", 1, NULL },
        { "ssh://h:65535//x", NULL, "h", 65535, "//x" },
        { "ssh://10.0.0.1:22", NULL, "10.0.0.1", 22, NULL },
        { "ssh://[::1]", NULL, "::1", 0, NULL },
        { "ssh://u@[fe80::1%25eth0]:22", "u", "fe80::1%eth0", 22, NULL },
        { "ssh://u@[fe80::1%eth0]:22", "u", "fe80::1%eth0", 22, NULL },
        { "ssh://build_host", NULL, "build_host", 0, NULL },
        { "ssh://DOM%5cbob@h", "DOM\\bob", "h", 0, NULL },
        { "ssh://DOM\\bob@h:22", "DOM\\bob", "h", 22, NULL },
        { "ssh://ann@corp.example.com@h", "ann@corp.example.com", "h", 0, NULL },
        { "ssh://ann%40corp.example.com@[::1]:2222", "ann@corp.example.com", "::1", 2222, NULL },
        { "ssh://DOM%2fbob@h", "DOM/bob", "h", 0, NULL },
        { "ssh://Ann%20Lee@h", "Ann Lee", "h", 0, NULL },
        /* An "@" behind the first slash belongs to the path. */
        { "ssh://h/run/a@b.sock", NULL, "h", 0, "/run/a@b.sock" },
        { "ssh://h:22/run/a@b.sock", NULL, "h", 22, "/run/a@b.sock" },
        { "ssh://h/run/a%20b%3f.sock", NULL, "h", 0, "/run/a b?.sock" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct endpoint ep;
        struct err e = ERR_INIT;
        if (endpoint_parse(good[i].url, &ep, &e) != 0)
            fail_msg("%s: %s", good[i].url, e.msg);
        same(good[i].url, "the user", ep.user, good[i].user);
        same(good[i].url, "the host", ep.host, good[i].host);
        same(good[i].url, "the path", ep.path, good[i].path);
        assert_int_equal(ep.port, good[i].port);
        endpoint_clear(&ep);
    }
}

static void test_bad(void **state)
{
    static const char *const bad[] = {
        "",
        "h",
        "u@h",
        "ssh:/h",
        "ssh//h",
        "tcp://h",
        "ssh://",
        "ssh:///path",
        "ssh://@h",
        "ssh://u@",
        "ssh://u@:22",
        "ssh://h:",
        "ssh://h:/x",
        "ssh://h:0",
        "ssh://h:65536",
        "ssh://h:18446744073709551638", /* 22, if it wrapped around */
        "ssh://h:+22",
        "ssh://h: 22",
        "ssh://h:22x",
        "ssh://h:22:22",
        "ssh://::1",
        "ssh://[::1",
        "ssh://[::1]22",
        "ssh://[::1]:",
        "ssh://[]",
        "ssh://[h]",
        "ssh://[10.0.0.1]",
        "ssh://[fe80::1%25]",
        "ssh://[fe80::1%25a%25b]",
        "ssh://fe80%25eth0",
        "ssh://-oProxyCommand=x",
        "ssh://-h",
        "ssh://-u@h",
        "ssh://%2du@h",
        "ssh://u%3av@h",
        "ssh://u%00@h",
        "ssh://u'@h",
        "ssh://u;id@h",
        "ssh://u%5c@h",
        "ssh://u%4@h",
        "ssh://u%zz@h",
        "ssh://a @h",
        "ssh://a%20-b@h",
        "ssh://.",
        "ssh://u@../",
        "ssh://h%2eexample",
        "ssh://h/x?y",
        "ssh://h?y",
        "ssh://h#y",
        "ssh://h/x#y",
        "ssh://h /x",
        " ssh://h",
        "ssh://h\n",
        "ssh://h/x\n",
        "ssh://h/x%0ay",
        "ssh://h/x%00y",
        "ssh://h/x%c2%9by", /* a C1 control, once decoded */
        "ssh://h/x%",
        "ssh://h/x%2",
        "ssh://h\xc3\xa4",
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct endpoint ep = { .port = 7 };
        struct err e = ERR_INIT;
        if (endpoint_parse(bad[i], &ep, &e) != -1)
            fail_msg("accepted: \"%s\"", bad[i]);
        assert_int_equal(e.code, ERR_USAGE);
        assert_true(ep.user == NULL && ep.host == NULL && ep.path == NULL && ep.port == 0);
    }
}

/* The character that is in the way is named. */
static void test_user_flaws(void **state)
{
    static const char *const cases[][2] = {
        { "ssh://a;b@h", "the character ;" },
        { "ssh://a%3ab@h", "the character :" },
        { "ssh://O'Hara@h", "the character '" },
        { "ssh://a%zz@h", "% that is not followed" },
        { "ssh://a%5c@h", "ends with a backslash" },
        { "ssh://-a@h", "where an option would begin" },
        { "ssh://%20a@h", "a blank" },
        { "ssh://@h", "is empty" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct endpoint ep;
        struct err e = ERR_INIT;
        assert_int_equal(endpoint_parse(cases[i][0], &ep, &e), -1);
        if (strstr(e.msg, cases[i][1]) == NULL)
            fail_msg("no \"%s\" in \"%s\"", cases[i][1], e.msg);
    }
}

/* Wherever a password was put, no message repeats it. */
static void test_password(void **state)
{
    static const char *const urls[] = {
        "ssh://u:hunter2@h",     "ssh://u:hunter2@h:22/x",
        "ssh://:hunter2@h",      "ssh://u:hunter2@",
        "ssh://u:a/hunter2@h",   "ssh://u:hunter2/b@h",
        "ssh://u:hunter2?b@h",   "ssh://u:hunter2#b@h",
        "ssh://u:hunter2@v@h",   "ssh://u@h:hunter2",
        "ssh:u:hunter2@h",       "u:hunter2@h",
        "ssh://u:[hunter2]@h",   "https://u:hunter2@h",
        "ssh://u:hunter2@[::1",  "ssh://u:hunter2@h?x=hunter2",
        "ssh://h?pass=hunter2",  "ssh://u hunter2@h",
        "ssh://u:%68unter2@h/x", "ssh://h/%zzhunter2",
    };

    (void)state;
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        struct endpoint ep;
        struct err e = ERR_INIT;
        if (endpoint_parse(urls[i], &ep, &e) != -1)
            fail_msg("accepted: \"%s\"", urls[i]);
        if (strstr(e.msg, "unter2") != NULL || strstr(e.hint, "unter2") != NULL)
            fail_msg("\"%s\" gave away the password: %s (%s)", urls[i], e.msg, e.hint);
    }

    /* And where it certainly is one, the message says what is wrong. */
    struct endpoint ep;
    struct err e = ERR_INIT;
    assert_int_equal(endpoint_parse(urls[0], &ep, &e), -1);
    assert_non_null(strstr(e.msg, "password"));
}

static void test_lengths(void **state)
{
    char *host = repeat('h', 254), *user = repeat('u', 65), *path = repeat('/', 108);

    (void)state;
    assert_false(endpoint_host_ok(host));
    assert_true(endpoint_host_ok(host + 1));
    assert_false(endpoint_user_ok(user));
    assert_true(endpoint_user_ok(user + 1));
    assert_false(endpoint_path_ok(path));
    assert_true(endpoint_path_ok(path + 1));
    assert_false(endpoint_path_ok("run/docker.sock"));
    assert_false(endpoint_path_ok(""));
    assert_false(endpoint_path_ok("/run\x7f"));
    assert_false(endpoint_host_ok("prod:2222"));
    assert_false(endpoint_host_ok("fe80::1%"));
    assert_false(endpoint_host_ok("1:2:3:4:5:6:7:8:9"));
    assert_true(endpoint_host_ok("::ffff:10.0.0.1"));
    assert_false(endpoint_user_ok("a\tb"));
    assert_true(endpoint_user_ok("j\xc3\xbcrgen"));
    assert_true(endpoint_user_ok("j.doe_2-x+y%z"));
    assert_true(endpoint_user_ok("DOM\\host$"));
    assert_false(endpoint_user_ok("DOM\\"));
    for (const char *bad = "'\"`;&<>|(){}"; *bad != '\0'; bad++) {
        char name[] = { 'a', *bad, 'b', '\0' };
        assert_false(endpoint_user_ok(name));
    }
    free(host);
    free(user);
    free(path);
}

/* Every URL that is formatted is read back as what it was made of. */
static void test_format(void **state)
{
    static const struct {
        const char *user, *host;
        uint16_t port;
        const char *url;
    } cases[] = {
        { NULL, "h", 22, "ssh://h" },
        { NULL, "h", 0, "ssh://h" },
        { "u", "h", 2222, "ssh://u@h:2222" },
        { "u", "::1", 22, "ssh://u@[::1]" },
        { NULL, "fe80::1%eth0", 65535, "ssh://[fe80::1%25eth0]:65535" },
        { NULL, "fe80::1%25", 1, "ssh://[fe80::1%2525]:1" },
        { "DOM\\bob#1?", "h", 22, "ssh://DOM%5Cbob%231%3F@h" },
        { "50%25", "h", 22, "ssh://50%2525@h" },
        { "j\xc3\xbcrgen", "h", 22, "ssh://j%C3%BCrgen@h" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct endpoint ep;
        char *url = endpoint_format(cases[i].user, cases[i].host, cases[i].port);
        assert_string_equal(url, cases[i].url);
        assert_int_equal(endpoint_parse(url, &ep, NULL), 0);
        same(url, "the user", ep.user, cases[i].user);
        same(url, "the host", ep.host, cases[i].host);
        endpoint_clear(&ep);
        free(url);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),     cmocka_unit_test(test_bad),     cmocka_unit_test(test_user_flaws),
        cmocka_unit_test(test_password), cmocka_unit_test(test_lengths), cmocka_unit_test(test_format),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("endpoint", tests, NULL, NULL);
}
