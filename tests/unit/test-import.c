/* What import reads: bundles, the hosts of ~/.ssh/config, Docker's contexts. */
#include "store-home.h"

#include "base/digest.h"
#include "base/time.h"
#include "docker/context-list.h"
#include "import/bundle.h"
#include "import/proxy-command.h"
#include "import/ssh-hosts.h"
#include "import/ssh-paths.h"
#include "import/ssh-tokens.h"

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
    bad_bundle("[ssh]\nhost = h\n", "file:1: this file was not written");
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

/* 999 profiles behind as many lines as a file can have: minutes of work, where each part
 * reads all lines before it anew. */
static void test_bundle_large(void **state)
{
    char *text = mem_alloc(BUNDLE_MAX + 1), *to = text + sprintf(text, HEAD "=== first\n");

    (void)state;
    while (to < text + BUNDLE_MAX - 40 * 1000)
        *to++ = '\n';
    int line = 3 + (int)(to - text) - (int)strlen(HEAD "=== first\n");
    to += sprintf(to, "[ssh]\nhost = h\n");
    for (int i = 0; i < 998; i++)
        to += sprintf(to, "=== p%03d\n[ssh]\nhost = h%d\n", i, i);
    struct proposals list = read_good(text);
    assert_int_equal(list.count, 999);
    proposals_clear(&list);
    strcpy(to - 1, "\nnonsense = 1\n");
    char *where = mem_printf("file:%d: unknown key", line + 2 + 998 * 3);
    bad_bundle(text, where);
    free(where);
    free(text);
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
    struct ssh_hosts_left left;

    if (ssh_hosts_list(&hosts, &left, &e) != 0)
        fail_msg("%s", e.msg);
    for (size_t i = 0; i < hosts.count; i++)
        snprintf(got + strlen(got), sizeof got - strlen(got), "%s%s", i > 0 ? " " : "", hosts.items[i]);
    assert_string_equal(got, want);
    assert_int_equal(left.more, want_more);
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

/* As ssh reads them; import.bats compares with it. */
static void test_hosts_quotes(void **state)
{
    make_ssh(state);
    put(state, ".ssh/config",
        "Host 'box' \"two words\" o'n'e \\\"q\\\" a\\ b x\\y 'it\\'s' # 'c'\nHost 'open quote\nHost=last\n"
        "Host = really\nHost\t=\tend=1\n",
        0600);
    hosts_are("box two words one \"q\" a b x\\y it's last really end=1", false);
}

static void test_hosts_match(void **state)
{
    struct strv hosts = { 0 };
    struct ssh_hosts_left left;

    make_ssh(state);
    put(state, ".ssh/config", "Match all\nInclude conf.d/a\n", 0600);
    put(state, ".ssh/conf.d/a", "Host aa\n", 0600);
    put(state, ".ssh/conf.d/b", "Host bb\n", 0600);
    assert_int_equal(ssh_hosts_list(&hosts, &left, NULL), 0);
    assert_int_equal(hosts.count, 1);
    assert_false(left.below_match);
    strv_clear(&hosts);
    put(state, ".ssh/config", "Match all\nMatch user x\nInclude conf.d/b\n", 0600);
    assert_int_equal(ssh_hosts_list(&hosts, &left, NULL), 0);
    assert_int_equal(hosts.count, 0);
    assert_true(left.below_match);
}

static void test_hosts_folder(void **state)
{
    char *folder = scratch_path(state, ".ssh/conf.d/folder");

    make_ssh(state);
    mkdir(folder, 0700);
    put(state, ".ssh/config", "Include conf.d/* conf.d\nHost last\n", 0600);
    put(state, ".ssh/conf.d/a", "Host aa\n", 0600);
    hosts_are("aa last", false);
    free(folder);
}

/* ---- ProxyCommand, tokens, lists of paths ------------------------------------------ */

static void test_proxy_command(void **state)
{
    static const struct {
        const char *command, *jump;
    } cases[] = {
        { "ssh -W %h:%p jump", "jump" },
        { "ssh jump -W %h:%p", "jump" },
        { "exec /usr/bin/ssh -q -W [%h]:%p bob@jump", "bob@jump" },
        { "ssh -qaxT -W%h:%p -l bob -p2222 jump", "bob@jump:2222" },
        { "ssh 'jump' nc %h %p", "jump" },
        { "ssh -q jump /bin/nc %h %p", "jump" },
        /* Everything else is another way. */
        { "ssh -W %h:%p", NULL },
        { "ssh jump", NULL },
        { "ssh -W %h:22 jump", NULL },
        { "ssh -W other:%p jump", NULL },
        { "ssh -W %h:%p -W %h:%p jump", NULL },
        { "ssh -i key -W %h:%p jump", NULL },
        { "ssh -o ProxyJump=x -W %h:%p jump", NULL },
        { "ssh -F other -W %h:%p jump", NULL },
        { "ssh -A -W %h:%p jump", NULL },
        { "ssh -W %h:%p jump%n", NULL },
        { "ssh -W %h:%p -l bob ann@jump", NULL },
        { "ssh -W %h:%p jump more", NULL },
        { "ssh -W %h:%p jump; touch x", NULL },
        { "ssh -W %h:%p jump && x", NULL },
        { "ssh -W %h:%p $(hostname)", NULL },
        { "ssh jump nc -x proxy %h %p", NULL },
        { "ssh jump nc %h 22", NULL },
        { "sshx -W %h:%p jump", NULL },
        { "nc %h %p", NULL },
        { "ssh -W %h:%p 'jump", NULL },
        { "ssh -W %h:%p -p 2a jump", NULL },
        { "", NULL },
        { "exec", NULL },
        { "ssh -", NULL },
        { "ssh -l", NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *jump = proxy_command_jump(cases[i].command);
        if (cases[i].jump == NULL ? jump != NULL : jump == NULL || strcmp(jump, cases[i].jump) != 0)
            fail_msg("%s: %s", cases[i].command, jump != NULL ? jump : "none");
        free(jump);
    }
}

static void expands(const char *text, const char *want)
{
    const struct ssh_tokens t = {
        .name = "asked", .host = "h.example.com", .user = "bob", .jump = "j", .hash = "c0ffee", .port = 2222
    };
    char why[SSH_TOKENS_WHY_SIZE];
    char *got = ssh_tokens_expand(text, &t, why);

    if (want != NULL)
        assert_string_equal(got, want);
    else
        assert_true(got == NULL && why[0] != '\0');
    free(got);
}

static void test_tokens(void **state)
{
    char *uid = mem_printf("%ju", (uintmax_t)getuid());

    (void)state;
    expands("", "");
    expands("%d/.ssh/%h-%n-%p-%r-%j-%k-%C%%", "~/.ssh/h.example.com-asked-2222-bob-j-asked-c0ffee%");
    expands("%i", uid);
    setenv("DT_TEST_PLACE", "/some where", 1);
    expands("${DT_TEST_PLACE}/%n$x{", "/some where/asked$x{");
    unsetenv("DT_TEST_PLACE");
    expands("${DT_TEST_PLACE}/x", NULL);
    expands("${DT_TEST_PLACE", NULL);
    static const char *const later[] = { "%f", "%H", "%I", "%K", "%t", "%T", "%y", "x%" };
    for (size_t i = 0; i < sizeof later / sizeof *later; i++)
        expands(later[i], NULL);
    free(uid);
}

static void paths_are(const char *list, const char *want)
{
    struct strv paths = { 0 };
    char got[500] = "";

    ssh_paths_split(list, &paths);
    for (size_t i = 0; i < paths.count; i++)
        snprintf(got + strlen(got), sizeof got - strlen(got), "%s|", paths.items[i]);
    assert_string_equal(got, want);
    strv_clear(&paths);
}

static void test_paths(void **state)
{
    char *folder = scratch_path(state, "My Keys");

    mkdir(folder, 0700);
    paths_are("~/a ~/b  /c", "~/a|~/b|/c|");
    paths_are("~/My Keys/known hosts /x", "~/My|Keys/known|hosts|/x|");
    put(state, "My Keys/known hosts", "", 0600);
    paths_are("~/My Keys/known hosts /x", "~/My Keys/known hosts|/x|");
    paths_are("/x ~/My Keys/known hosts", "/x|~/My Keys/known hosts|");
    put(state, "My", "", 0600);
    paths_are("~/My /x", "~/My|/x|");
    paths_are("~/My relative", "~/My|relative|");
    free(folder);
}

static void test_hosts_bounded(void **state)
{
    struct strv hosts = { 0 };
    char *text = mem_alloc(600 * 12 + 1), *to = text;
    struct ssh_hosts_left left;

    make_ssh(state);
    for (int i = 0; i < 600; i++)
        to += sprintf(to, "Host h%d\n", i);
    put(state, ".ssh/config", text, 0600);
    assert_int_equal(ssh_hosts_list(&hosts, &left, NULL), 0);
    assert_int_equal(hosts.count, 500);
    assert_true(left.more);
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
        TEST(test_bundle_round), TEST(test_bundle_strict), TEST(test_bundle_lenient), TEST(test_bundle_large),
        TEST(test_hosts),        TEST(test_hosts_include), TEST(test_hosts_quotes),   TEST(test_hosts_match),
        TEST(test_hosts_folder), TEST(test_hosts_bounded), TEST(test_proxy_command),  TEST(test_tokens),
        TEST(test_paths),        TEST(test_contexts),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("import", tests, NULL, NULL);
}
