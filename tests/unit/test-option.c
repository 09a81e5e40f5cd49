#include "store/ini.h"
#include "store/name.h"
#include "store/option.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FP "SHA256:uNiVztksCsDhcc0u9e8BrqzGzkqNO4Pc9gAk1ZyRrKs"
#define FP2 "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"

static const struct option *option(const char *key)
{
    const struct option *o = option_find(NULL, key);

    assert_non_null(o);
    return o;
}

/* The values, joined by "|"; the caller frees them. */
static char *get(const struct profile *p, const char *key)
{
    struct strv values = { 0 };
    char *joined = mem_strdup("");

    option_get(p, option(key), &values);
    for (size_t i = 0; i < values.count; i++) {
        char *longer = mem_printf("%s%s%s", joined, i > 0 ? "|" : "", values.items[i]);
        free(joined);
        joined = longer;
    }
    strv_clear(&values);
    return joined;
}

static void has(const struct profile *p, const char *key, const char *want)
{
    char *got = get(p, key);

    if (strcmp(got, want) != 0)
        fail_msg("%s is \"%s\", not \"%s\"", key, got, want);
    free(got);
}

static void test_table(void **state)
{
    size_t count;
    const struct option *table = option_table(&count);
    struct profile *p = profile_new("p1"), *q = profile_new("q1");

    (void)state;
    for (size_t i = 0; i < count; i++) {
        const struct option *o = &table[i];
        struct err e = ERR_INIT;
        char dotted[64];
        snprintf(dotted, sizeof dotted, "%s.%s", o->section, o->key);
        assert_ptr_equal(option_find(o->section, o->key), o);
        assert_ptr_equal(option_find(NULL, dotted), o);
        assert_ptr_equal(option_find(NULL, o->key), o); /* bare keys are unique */
        assert_null(option_find("nope", o->key));
        /* A section's keys stand together, or the writer would repeat headers. */
        for (size_t j = 0; j + 1 < i; j++)
            if (strcmp(table[j].section, o->section) == 0)
                assert_string_equal(table[i - 1].section, o->section);
        assert_true(o->help[0] != '\0' && o->help[strlen(o->help) - 1] != '.');
        /* The default is a value, except where it is "none". */
        assert_true(option_is_default(p, o, q));
        if (o->fallback != NULL && !option_repeatable(o)) {
            has(p, o->key, o->fallback);
            assert_int_equal(option_set(q, o, o->fallback, &e), 0);
            assert_true(option_is_default(q, o, p));
        }
    }
    assert_null(option_find(NULL, "ssh.socket"));
    assert_null(option_find(NULL, "ssh."));
    assert_null(option_find(NULL, ""));
    profile_free(p);
    profile_free(q);
}

static void test_defaults(void **state)
{
    struct profile *p = profile_new("p1");

    (void)state;
    assert_string_equal(p->name, "p1");
    assert_string_equal(p->description, "");
    assert_false(p->protect);
    assert_null(p->host);
    assert_int_equal(p->port, 22);
    assert_null(p->user);
    assert_int_equal(p->identities.count + p->pins.count, 0);
    assert_string_equal(p->agent, PROFILE_AGENT_YES);
    assert_int_equal(p->certificates.count, 0);
    assert_true(p->context);
    assert_int_equal(p->connect_timeout_ms, 10000);
    assert_int_equal(p->keepalive_interval_ms, 15000);
    assert_int_equal(p->keepalive_count, 3);
    assert_string_equal(p->socket, PROFILE_DEFAULT_SOCKET);
    assert_int_equal(p->transport, TRANSPORT_AUTO);
    assert_null(p->dial_command);
    assert_int_equal(p->hold_ms, 10000);
    assert_int_equal(p->max_connections, 1000);
    assert_int_equal(p->spare_channels, 2);
    profile_free(p);
    profile_free(NULL);
}

static void test_good(void **state)
{
    static const struct {
        const char *key, *value, *shown;
    } good[] = {
        { "description", "K\xc3\xbc\xc3\xa7\xc3\xbck; \"x\" #1 = 'y' \\n", NULL },
        { "description", "a;b", NULL },
        { "protected", "YES", "yes" },
        { "protected", "off", "no" },
        { "agent", "0", "no" },
        { "agent", "ON", "yes" },
        { "agent", "~/agent.sock", NULL },
        { "agent", "/run/user/1000/ssh-agent.socket", NULL },
        { "certificate", "~/.ssh/id-cert.pub", NULL },
        { "context", "False", "no" },
        { "host", "fe80::1%eth0", NULL },
        { "port", "1", NULL },
        { "port", "65535", NULL },
        { "port", "0022", "22" },
        { "user", "DOM\\bob", NULL },
        { "connect-timeout", "1s", NULL },
        { "connect-timeout", "600s", "10m" },
        { "connect-timeout", "1000ms", "1s" },
        { "keepalive-interval", "0s", "0" },
        { "keepalive-interval", "60m", "1h" },
        { "keepalive-count", "100", NULL },
        { "socket", "/run/user/1000/docker.sock", NULL },
        { "socket", "auto", NULL },
        { "socket", "none", NULL },
        { "transport", "dial-stdio", NULL },
        { "dial-command", "ssh -q inner 'docker system dial-stdio'", NULL },
        { "hold", "0", NULL },
        { "max-connections", "10000", NULL },
        { "spare-channels", "0", NULL },
        { "spare-channels", "64", NULL },
        { "identity", "~/.ssh/id", NULL },
        { "pin", "ssh-rsa   " FP, "ssh-rsa " FP },
    };

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct profile *p = profile_new("p1");
        struct err e = ERR_INIT;
        if (option_set(p, option(good[i].key), good[i].value, &e) != 0)
            fail_msg("%s", e.msg);
        has(p, good[i].key, good[i].shown != NULL ? good[i].shown : good[i].value);
        profile_free(p);
    }
}

static void test_bad(void **state)
{
    static const struct {
        const char *key, *value;
    } bad[] = {
        { "description", "two\nlines" },
        { "description", "a\rb" },
        { "description", "a\tb" },
        { "description", "a\x1b[2J" },
        { "description", "a\xc2\x9b" },
        { "description", "latin1 \xe9" },
        { "description", " a" },
        { "description", "a " },
        { "description", " " },
        { "description", "a ; b" },
        { "description", "a ;" },
        { "description", "; a" }, /* written as "description = ; a" it would read back empty */
        { "description", ";" },
        { "protected", "maybe" },
        { "protected", "yes " },
        { "protected", "2" },
        { "host", "" },
        { "host", "-oProxyCommand=x" },
        { "host", "h:22" },
        { "host", "a b" },
        { "port", "0" },
        { "port", "65536" },
        { "port", "-1" },
        { "port", "+1" },
        { "port", "0x16" },
        { "port", "22 " },
        { "port", "22.0" },
        { "port", "4294967318" },
        { "port", "18446744073709551638" },
        { "user", "-l" },
        { "user", "a:b" },
        { "user", "a:b" },
        { "identity", "id_rsa" },
        { "identity", "~bob/id" },
        { "identity", "~" },
        { "certificate", "id-cert.pub" },
        { "agent", "agent.sock" },
        { "agent", "~bob/agent.sock" },
        { "agent", "maybe" },
        { "pin", "ssh-rsa" },
        { "pin", FP },
        { "connect-timeout", "0" },
        { "connect-timeout", "999ms" },
        { "connect-timeout", "600001ms" },
        { "connect-timeout", "10" },
        { "connect-timeout", "11m" },
        { "keepalive-interval", "2h" },
        { "keepalive-interval", "-1s" },
        { "keepalive-count", "0" },
        { "keepalive-count", "101" },
        { "socket", "docker.sock" },
        { "socket", "~/docker.sock" },
        { "transport", "Auto" },
        { "transport", "tcp" },
        { "hold", "601s" },
        { "max-connections", "0" },
        { "max-connections", "10001" },
        { "spare-channels", "65" },
    };
    struct profile *p = profile_new("p1"), *fresh = profile_new("p1");

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const struct option *o = option(bad[i].key);
        struct err e = ERR_INIT;
        if (option_set(p, o, bad[i].value, &e) != -1)
            fail_msg("%s took \"%s\"", bad[i].key, bad[i].value);
        assert_int_equal(e.code, ERR_USAGE);
        assert_true(strncmp(e.msg, o->key, strlen(o->key)) == 0);
        assert_true(err_printable(e.msg));
        assert_true(option_is_default(p, o, fresh)); /* unchanged */
        assert_int_equal(option_set(p, o, bad[i].value, NULL), -1);
    }
    profile_free(p);
    profile_free(fresh);
}

/* The longest value of each key makes a line that ini.c reads; one more does not. */
static void test_length(void **state)
{
    static const char *const keys[] = { "description", "dial-command", "identity" };

    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        struct profile *p = profile_new("p1");
        struct err e = ERR_INIT;
        size_t max = INI_LINE_MAX - strlen(keys[i]) - 3;
        char value[INI_LINE_MAX * 8];
        memset(value, '/', sizeof value);
        value[max] = '\0';
        assert_int_equal(option_set(p, option(keys[i]), value, &e), 0);
        value[max] = '/';
        value[max + 1] = '\0';
        assert_int_equal(option_set(p, option(keys[i]), value, &e), -1);
        value[max + 1] = '/';
        value[sizeof value - 1] = '\0';
        assert_int_equal(option_set(p, option(keys[i]), value, &e), -1);
        assert_true(strlen(e.msg) < 200);
        profile_free(p);
    }
}

static void test_repeat(void **state)
{
    struct profile *p = profile_new("p1");
    const struct option *identity = option("identity"), *pin = option("pin");

    (void)state;
    assert_int_equal(option_set(p, identity, "/b", NULL), 0);
    assert_int_equal(option_set(p, identity, "/a", NULL), 0);
    assert_int_equal(option_set(p, identity, "/b", NULL), 0);
    has(p, "identity", "/b|/a"); /* their order is that in which they are tried */
    assert_int_equal(option_set(p, pin, "ssh-rsa " FP, NULL), 0);
    assert_int_equal(option_set(p, pin, "ssh-ed25519 " FP2, NULL), 0);
    assert_int_equal(option_set(p, pin, "ssh-rsa  " FP, NULL), 0);
    has(p, "pin", "ssh-rsa " FP "|ssh-ed25519 " FP2);
    assert_int_equal(option_set(p, identity, "", NULL), 0);
    assert_int_equal(p->identities.count, 0);
    option_reset(p, pin);
    assert_int_equal(p->pins.count, 0);
    profile_free(p);
}

/* An empty value means the default, and some texts are NULL then. */
static void test_empty(void **state)
{
    static const char *const pairs[][2] = {
        { "description", "x" }, { "port", "2222" },      { "user", "bob" },
        { "socket", "/x" },     { "hold", "1s" },        { "transport", "dial-stdio" },
        { "agent", "no" },      { "dial-command", "x" },
    };
    struct profile *p = profile_new("p1"), *fresh = profile_new("p1");

    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        const struct option *o = option(pairs[i][0]);
        assert_int_equal(option_set(p, o, pairs[i][1], NULL), 0);
        assert_false(option_is_default(p, o, fresh));
        assert_int_equal(option_set(p, o, "", NULL), 0);
        assert_true(option_is_default(p, o, fresh));
    }
    assert_null(p->user);
    assert_null(p->dial_command);
    assert_string_equal(p->description, "");
    profile_free(p);
    profile_free(fresh);
}

/* Every key differs from its default, so that a forgotten one shows. */
static const char *const changed[][2] = {
    { "description", "d" },
    { "protected", "yes" },
    { "host", "h" },
    { "port", "1" },
    { "user", "u" },
    { "via", "bastion" },
    { "identity", "/i" },
    { "identity", "/j" },
    { "identities-only", "no" },
    { "certificate", "/c" },
    { "certificate", "/d" },
    { "agent", "/a" },
    { "pin", "ssh-rsa " FP },
    { "connect-timeout", "1s" },
    { "keepalive-interval", "1s" },
    { "keepalive-count", "1" },
    { "socket", "/s" },
    { "transport", "streamlocal" },
    { "dial-command", "c" },
    { "context", "no" },
    { "connect", "demand" },
    { "idle-timeout", "1s" },
    { "hold", "1s" },
    { "max-connections", "1" },
    { "max-held", "1" },
    { "spare-channels", "1" },
    { "hop-linger", "2m" },
};

static void test_copy(void **state)
{
    struct profile *p = profile_new("p1"), *fresh = profile_new("p1");
    size_t count;
    const struct option *table = option_table(&count);

    (void)state;
    for (size_t i = 0; i < sizeof changed / sizeof *changed; i++)
        assert_int_equal(option_set(p, option(changed[i][0]), changed[i][1], NULL), 0);
    struct profile *copy = profile_copy(p);
    for (size_t i = 0; i < count; i++) {
        if (option_is_default(p, &table[i], fresh))
            fail_msg("%s is missing in this test", table[i].key);
        assert_true(option_is_default(copy, &table[i], p));
        option_copy(copy, copy, &table[i]); /* onto itself: nothing is lost */
        assert_true(option_is_default(copy, &table[i], p));
        option_copy(copy, fresh, &table[i]);
        assert_true(option_is_default(copy, &table[i], fresh));
        assert_false(option_is_default(copy, &table[i], p));
    }
    profile_free(p); /* nothing is shared */
    has(copy, "port", "22");
    profile_free(copy);
    profile_free(fresh);
}

static void test_names(void **state)
{
    static const char *const bad[] = { "",      "a",   "default", ".a",        "-a",  "_a",  "+a",  "a/b",
                                       "../ab", "a b", "ab\n",    "a\xc3\xa4", "ab/", "a:b", "a@b", "a\\b" };
    char name[130];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct err e = ERR_INIT;
        if (name_check(bad[i], &e) != -1)
            fail_msg("accepted: \"%s\"", bad[i]);
        assert_int_equal(e.code, ERR_USAGE);
    }
    memset(name, 'n', 129);
    name[129] = '\0';
    assert_int_equal(name_check(name, NULL), -1);
    assert_int_equal(name_check(name + 1, NULL), 0);
    assert_int_equal(name_check("0a", NULL), 0);
    assert_int_equal(name_check("Default", NULL), 0);
    assert_int_equal(name_check("a_.+-", NULL), 0);
}

static void test_finish(void **state)
{
    struct profile *p = profile_new("p1");
    struct err e = ERR_INIT;

    (void)state;
    assert_int_equal(profile_finish(p, &e), -1);
    assert_int_equal(e.code, ERR_PROFILE);
    assert_int_equal(option_set(p, option("host"), "::1", NULL), 0);
    assert_int_equal(profile_finish(p, &e), 0);
    assert_true(p->user != NULL && p->user[0] != '\0');
    mem_replace(&p->user, "bob");
    assert_int_equal(profile_finish(p, &e), 0);
    assert_string_equal(p->user, "bob");
    p->port = 2222;
    char *url = profile_endpoint(p);
    assert_string_equal(url, "ssh://bob@[::1]:2222");
    free(url);
    profile_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),  cmocka_unit_test(test_defaults), cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),    cmocka_unit_test(test_length),   cmocka_unit_test(test_repeat),
        cmocka_unit_test(test_empty),  cmocka_unit_test(test_copy),     cmocka_unit_test(test_names),
        cmocka_unit_test(test_finish),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("option", tests, NULL, NULL);
}
