/* What import reads: bundles, the hosts of ~/.ssh/config, Docker's contexts. */
#include "store-home.h"

#include "base/digest.h"
#include "docker/context-list.h"
#include "import/bundle.h"
#include "import/ssh-hosts.h"

#define PIN "ssh-ed25519 " FP
#define HEAD "docktether-profiles 1\n"

/* ---- bundles ----------------------------------------------------------------- */

static struct proposals read_good(const char *text)
{
    struct proposals list = { 0 };
    struct err e = ERR_INIT;

    if (bundle_read("file", text, "file", &list, &e) != 0)
        fail_msg("%s", e.msg);
    return list;
}

static void bad_bundle(const char *text, const char *words)
{
    struct proposals list = { 0 };
    struct err e = ERR_INIT;

    if (bundle_read("file", text, "file", &list, &e) != -1)
        fail_msg("taken: %s", text);
    assert_int_equal(e.code, ERR_PROFILE);
    if (strstr(e.msg, words) == NULL)
        fail_msg("no \"%s\" in \"%s\"", words, e.msg);
    assert_int_equal(list.count, 0);
}

static void test_bundle_round(void **state)
{
    struct profile *hop = profile_new("bastion"), *p = profile_new("prod");
    const struct profile *const both[] = { hop, p };

    /* Defaults of this machine are written out: they are not those of the next. */
    put(state, CONFIG "/docktether.ini", "[ssh]\nconnect-timeout = 30s\n", 0600);
    set(hop, "host", "bastion.example.com");
    set(hop, "user", "jump");
    set(hop, "socket", "none");
    set(p, "host", "10.0.0.7");
    set(p, "user", "deploy");
    set(p, "via", "bastion");
    set(p, "identity", "~/.ssh/id_prod");
    set(p, "pin", PIN);
    set(p, "description", "caf\xc3\xa9 = #1");
    set(p, "connect-timeout", "30s");
    char *text = bundle_write(both, 2);
    assert_string_equal(text,
                        HEAD "=== bastion\n[ssh]\nhost = bastion.example.com\nuser = jump\n\n[docker]\n"
                             "socket = none\n\n=== prod\n[profile]\ndescription = caf\xc3\xa9 = #1\n\n[ssh]\n"
                             "host = 10.0.0.7\nuser = deploy\nvia = bastion\nidentity = ~/.ssh/id_prod\n"
                             "pin = " PIN "\nconnect-timeout = 30s\n");
    struct proposals list = read_good(text);
    assert_int_equal(list.count, 2);
    char before[65], after[65];
    store_fingerprint(p, before);
    store_fingerprint(proposals_find(&list, "prod")->profile, after);
    assert_string_equal(before, after);
    proposals_clear(&list);
    free(text);
    profile_free(hop);
    profile_free(p);
}

static void test_bundle_strict(void **state)
{
    (void)state;
    bad_bundle("", "file:1: ");
    bad_bundle("[ssh]\nhost = h\n", "file:1: this is no file");
    bad_bundle("docktether-profiles 2\n=== ab\n[ssh]\nhost = h\n", "another version");
    bad_bundle("docktether-profiles 1 \n=== ab\n[ssh]\nhost = h\n", "another version");
    bad_bundle(HEAD, "file:2: ");
    bad_bundle(HEAD "[ssh]\n=== ab\n[ssh]\nhost = h\n", "file:2: ");
    bad_bundle(HEAD "=== ../ab\n[ssh]\nhost = h\n", "file:2: ");
    bad_bundle(HEAD "=== default\n[ssh]\nhost = h\n", "file:2: ");
    bad_bundle(HEAD "=== \n[ssh]\nhost = h\n", "file:2: ");
    bad_bundle(HEAD "=== ab\n[ssh]\nhost = h\n=== ab\n[ssh]\nhost = h\n", "file:5: a second");
    bad_bundle(HEAD "=== ab\n", "file:2: ab has no host");
    bad_bundle(HEAD "=== ab", "file:2: ab has no host");
    bad_bundle(HEAD "=== ab\n[ssh]\nhost = h\n=== cd\n[ssh]\nhost = h\nnonsense = x\n",
               "file:8: unknown key");
    bad_bundle(HEAD "=== ab\n[ssh]\nhost = h\nhost = h\n", "file:5: ");
    bad_bundle(HEAD "=== ab\n[ssh]\nhost = h\n  === cd\n", "file:5: ");
    bad_bundle(HEAD "=== ab\n[ssh]\nhost = h\nidentity = relative\n", "file:5: ");
    bad_bundle(HEAD "=== ab\n[ssh]\nhost = h\npin = nonsense\n", "file:5: ");
}

static void test_bundle_lenient(void **state)
{
    (void)state;
    struct proposals list = read_good("docktether-profiles 1\r\n=== ab\r\n[ssh]\r\nhost = h\r\n");
    assert_int_equal(list.count, 1);
    proposals_clear(&list);
    list = read_good(HEAD "=== ab\n# comment\n[ssh]\nhost = h\n\n\n=== cd\n[ssh]\nhost = h");
    assert_int_equal(list.count, 2);
    proposals_clear(&list);
}

/* ---- ~/.ssh/config ----------------------------------------------------------- */

static void make_ssh(void **state)
{
    char *dir = scratch_path(state, ".ssh"), *parts = scratch_path(state, ".ssh/conf.d");

    mkdir(dir, 0700);
    mkdir(parts, 0700);
    free(dir);
    free(parts);
}

/* The names with blanks between. */
static void hosts_are(const char *want, bool want_more)
{
    struct strv hosts = { 0 };
    struct err e = ERR_INIT;
    char got[400] = "";
    bool more;

    if (ssh_hosts_list(&hosts, &more, &e) != 0)
        fail_msg("%s", e.msg);
    for (size_t i = 0; i < hosts.count; i++)
        snprintf(got + strlen(got), sizeof got - strlen(got), "%s%s", i > 0 ? " " : "", hosts.items[i]);
    assert_string_equal(got, want);
    assert_int_equal(more, want_more);
    strv_clear(&hosts);
}

static void test_hosts(void **state)
{
    hosts_are("", false);
    make_ssh(state);
    put(state, ".ssh/config",
        "# Host no\n  host  one two # three\r\nHost=four\nHOST \"five\" six* !seven ? -eight one\n"
        "HostName ten\nHost\nMatch host x\nInclude conf.d/hidden\nHost after\n",
        0600);
    put(state, ".ssh/conf.d/hidden", "Host hidden\n", 0600);
    hosts_are("one two four five after", false);
}

static void test_hosts_include(void **state)
{
    make_ssh(state);
    put(state, ".ssh/config", "Include conf.d/*.conf ~/.ssh/more\nInclude none\nHost last\n", 0600);
    put(state, ".ssh/conf.d/a.conf", "Host aa\n", 0600);
    put(state, ".ssh/conf.d/b.conf", "Host bb\nMatch all\n", 0600);
    put(state, ".ssh/conf.d/c.txt", "Host cc\n", 0600);
    put(state, ".ssh/more", "Host dd\n", 0600);
    hosts_are("aa bb dd last", false);
    /* A circle ends. */
    put(state, ".ssh/more", "Host dd\nInclude more\n", 0600);
    hosts_are("aa bb dd last", true);
}

static void test_hosts_bounded(void **state)
{
    struct strv hosts = { 0 };
    char *text = mem_alloc(600 * 12 + 1), *to = text;
    bool more;

    make_ssh(state);
    for (int i = 0; i < 600; i++)
        to += sprintf(to, "Host h%d\n", i);
    put(state, ".ssh/config", text, 0600);
    assert_int_equal(ssh_hosts_list(&hosts, &more, NULL), 0);
    assert_int_equal(hosts.count, 500);
    assert_true(more);
    strv_clear(&hosts);
    free(text);
}

/* ---- Docker's contexts ------------------------------------------------------- */

static void put_context(void **state, const char *name, const char *meta)
{
    char hash[DIGEST_HEX_SIZE], *dir;

    digest_sha256_hex(name, strlen(name), hash);
    static const char *const dirs[] = { ".docker", ".docker/contexts", ".docker/contexts/meta" };
    for (size_t i = 0; i < 3; i++) {
        dir = scratch_path(state, dirs[i]);
        mkdir(dir, 0700);
        free(dir);
    }
    dir = mem_printf("%s/.docker/contexts/meta/%s", (const char *)*state, hash);
    char *path = mem_printf("%s/meta.json", dir);
    mkdir(dir, 0700);
    scratch_write(path, meta, 0644);
    free(path);
    free(dir);
}

static void test_contexts(void **state)
{
    struct context_list list;

    assert_int_equal(context_list_by_ssh(&list, NULL), 0);
    assert_int_equal(list.count, 0);
    put_context(state, "zz", "{\"Name\":\"zz\",\"Endpoints\":{\"docker\":{\"Host\":\"ssh://z\"}}}");
    put_context(state, "aa", "{\"Name\":\"aa\",\"Endpoints\":{\"docker\":{\"Host\":\"ssh://u@a:1/p\"}}}");
    put_context(state, "tcp", "{\"Name\":\"tcp\",\"Endpoints\":{\"docker\":{\"Host\":\"tcp://h\"}}}");
    put_context(state, "odd1", "{\"Name\":7,\"Endpoints\":{\"docker\":{\"Host\":\"ssh://h\"}}}");
    put_context(state, "odd2", "{\"Name\":\"odd2\",\"Endpoints\":[]}");
    put_context(state, "odd3", "[]");
    put_context(state, "odd4", "{broken");
    assert_int_equal(context_list_by_ssh(&list, NULL), 0);
    assert_int_equal(list.count, 2);
    assert_string_equal(list.items[0].name, "aa");
    assert_string_equal(list.items[0].url, "ssh://u@a:1/p");
    assert_string_equal(list.items[1].name, "zz");
    context_list_clear(&list);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_bundle_round),  TEST(test_bundle_strict), TEST(test_bundle_lenient), TEST(test_hosts),
        TEST(test_hosts_include), TEST(test_hosts_bounded), TEST(test_contexts),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("import", tests, NULL, NULL);
}
