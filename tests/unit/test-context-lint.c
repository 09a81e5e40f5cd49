/* What of Docker's own files would break its programs, or be lost by a new
 * address: found, and never touched. */
#include "docker-home.h"

#include "docker/config.h"
#include "docker/context-lint.h"
#include "docker/context.h"

#define SOCKET "/run/docktether/prod.sock"
#define GOOD "{\"Name\":\"good\",\"Metadata\":{},\"Endpoints\":{\"docker\":{\"Host\":\"unix:///s\"}}}"

/* Writes the meta.json of a directory of that name and returns its path. */
static char *plant(const struct home *h, const char *dir, const char *text)
{
    char *whole = mem_printf("%s/contexts/meta/%s", h->docker, dir);
    char *path = mem_printf("%s/meta.json", whole);

    run("mkdir -p", whole);
    put(path, text);
    free(whole);
    return path;
}

static void assert_fault(const struct home *h, const char *text, bool breaks, const char *part)
{
    char *path = plant(h, "bad", text);
    struct context_lint s;
    struct err e = ERR_INIT;

    assert_int_equal(context_lint(&s, &e), 0);
    assert_int_equal(s.count, 1);
    assert_string_equal(s.faults[0].path, path);
    assert_int_equal(s.faults[0].breaks, breaks);
    if (strstr(s.faults[0].why, part) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", part, s.faults[0].why);
    context_lint_clear(&s);
    assert_file(path, text);
    unlink(path);
    free(path);
}

static void test_no_store_is_a_good_one(void **state)
{
    struct context_lint s;
    struct err e = ERR_INIT;

    (void)state;
    assert_int_equal(context_lint(&s, &e), 0);
    assert_int_equal(s.count, 0);
    assert_int_equal(s.contexts, 0);
    context_lint_clear(&s);
}

static void test_good_ones_are_counted(void **state)
{
    const struct home *h = *state;
    struct context_lint s;
    struct err e = ERR_INIT;

    assert_int_equal(context_write("prod", "D", SOCKET, &e), 0);
    char *path = meta_of(h, "good"), *dir = hash_dir(h, "good");
    run("mkdir -p", dir);
    put(path, GOOD);
    assert_int_equal(context_lint(&s, &e), 0);
    assert_int_equal(s.count, 0);
    assert_int_equal(s.contexts, 2);
    context_lint_clear(&s);
    free(dir);
    free(path);
}

/* Each of these makes `docker context ls` of 20.10 and 28.2 give up. */
static void test_what_breaks_docker(void **state)
{
    const struct home *h = *state;

    assert_fault(h, "", true, "does not parse");
    assert_fault(h, "{\"Name\":\"x\",\n", true, "line 2");
    assert_fault(h, "[]", true, "does not parse");
    assert_fault(h, "{\"Name\":1}", true, "\"Name\"");
    assert_fault(h, "{\"Name\":\"x\",\"Metadata\":[]}", true, "\"Metadata\"");
    assert_fault(h, "{\"Name\":\"x\",\"Metadata\":{\"Description\":1}}", true, "\"Description\"");
    assert_fault(h, "{\"Name\":\"x\",\"Endpoints\":[]}", true, "\"Endpoints\"");
    assert_fault(h, "{\"Name\":\"x\",\"Endpoints\":{\"docker\":1}}", true, "endpoint");
    assert_fault(h, "{\"Name\":\"x\",\"Endpoints\":{\"docker\":{\"Host\":1}}}", true, "\"Host\"");
    assert_fault(h, "{\"Name\":\"x\",\"Endpoints\":{\"docker\":{\"SkipTLSVerify\":1}}}", true,
                 "SkipTLSVerify");
}

static void test_a_context_in_a_wrong_place_breaks_only_itself(void **state)
{
    assert_fault(*state, GOOD, false, "\"good\"");
}

static void test_docker_looks_into_every_directory(void **state)
{
    const struct home *h = *state;
    struct context_lint s;
    struct err e = ERR_INIT;
    char *deep = plant(h, "a/b", "{"), *aside = plant(h, "c", GOOD);
    char *link = mem_printf("%s/contexts/meta/link", h->docker);

    unlink(aside);
    assert_int_equal(symlink("a/b", link), 0);
    assert_int_equal(context_lint(&s, &e), 0);
    assert_int_equal(s.count, 1);
    assert_string_equal(s.faults[0].path, deep);
    context_lint_clear(&s);
    free(link);
    free(aside);
    free(deep);
}

static void test_where_a_context_of_ours_leads(void **state)
{
    const struct home *h = *state;
    struct err e = ERR_INIT;

    assert_null(context_url("prod"));
    assert_int_equal(context_write("prod", "D", SOCKET, &e), 0);
    char *url = context_url("prod"), *path = meta_of(h, "prod");
    assert_string_equal(url, "unix://" SOCKET);
    free(url);
    put(path, GOOD);
    assert_null(context_url("prod"));
    free(path);
}

static void assert_proxies(const struct home *h, const char *text, const char *expected)
{
    struct strv hosts = { 0 };
    struct err e = ERR_INIT;
    char *path = in_docker(h, "config.json"), *all = mem_strdup("");

    run("mkdir -p", h->docker);
    put(path, text);
    assert_int_equal(config_proxies(&hosts, NULL, &e), 0);
    for (size_t i = 0; i < hosts.count; i++) {
        char *more = mem_printf("%s%s ", all, hosts.items[i]);
        free(all);
        all = more;
    }
    assert_string_equal(all, expected);
    strv_clear(&hosts);
    free(all);
    free(path);
}

static void test_hosts_with_proxies(void **state)
{
    const struct home *h = *state;
    struct strv hosts = { 0 };
    struct err e = ERR_INIT;

    assert_int_equal(config_proxies(&hosts, NULL, &e), 0);
    assert_int_equal(hosts.count, 0);
    assert_proxies(h, "{}", "");
    assert_proxies(h, "{\"proxies\":{}}", "");
    assert_proxies(h, "{\"proxies\":null}", "");
    assert_proxies(h, "{\"auths\":{},\"Proxies\":{\"default\":{\"a\":{}},\"ssh://x\":{}}}",
                   "default ssh://x ");
    char *path = in_docker(h, "config.json");
    put(path, "{");
    free(path);
    assert_int_equal(config_proxies(&hosts, NULL, &e), -1);
    assert_error(&e, "docker config", "does not parse");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(no_store_is_a_good_one),
        TEST(good_ones_are_counted),
        TEST(what_breaks_docker),
        TEST(a_context_in_a_wrong_place_breaks_only_itself),
        TEST(docker_looks_into_every_directory),
        TEST(where_a_context_of_ours_leads),
        TEST(hosts_with_proxies),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("survey", tests, NULL, NULL);
}
