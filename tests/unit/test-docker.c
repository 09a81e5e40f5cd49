/* Docker's own contexts. The expected bytes are what docker 28.2 and 20.10
 * write and read. */
#include "docker-home.h"

#include "docker/config.h"
#include "docker/context.h"

#define SOCKET "/run/user/1000/docktether/prod.sock"
#define META                                                                                  \
    "{\"Name\":\"prod\",\"Metadata\":{\"Description\":\"D\",\"docktether\":{\"version\":1}}," \
    "\"Endpoints\":{\"docker\":{\"Host\":\"unix://" SOCKET "\",\"SkipTLSVerify\":false}}}"

static void test_context_bytes(void **state)
{
    struct home *h = *state;
    struct err e = ERR_INIT;
    char *path = meta_of(h, "prod");
    char *dir = hash_dir(h, "prod");

    umask(077);
    assert_int_equal(context_owner("prod", &e), CONTEXT_ABSENT);
    assert_int_equal(e.code, ERR_NONE);
    assert_int_equal(context_write("prod", "D", SOCKET, &e), 0);
    umask(022);
    assert_file(path, META);
    assert_int_equal(mode_of(path), 0644);
    assert_int_equal(context_owner("prod", &e), CONTEXT_OURS);

    /* Nothing changes, nothing is written. */
    struct stat before, after;
    stat(path, &before);
    assert_int_equal(context_write("prod", "D", SOCKET, &e), 0);
    stat(path, &after);
    assert_int_equal(before.st_ino, after.st_ino);

    /* Without a description there is no member of that name. */
    assert_int_equal(context_write("prod", "", "/s", &e), 0);
    assert_file(path, "{\"Name\":\"prod\",\"Metadata\":{\"docktether\":{\"version\":1}},"
                      "\"Endpoints\":{\"docker\":{\"Host\":\"unix:///s\",\"SkipTLSVerify\":false}}}");
    assert_int_equal(context_write("prod", NULL, "/s", &e), 0);
    free(path);
    free(dir);
}

static void test_context_directories(void **state)
{
    struct home *h = *state;
    char *dir = hash_dir(h, "prod");

    assert_int_equal(context_write("prod", "D", SOCKET, NULL), 0);
    assert_int_equal(mode_of(dir), 0755);
    assert_int_equal(mode_of(h->docker), 0755);
    free(dir);
}

static void test_context_keeps_members(void **state)
{
    struct home *h = *state;
    char *path = meta_of(h, "prod");

    assert_int_equal(context_write("prod", "D", SOCKET, NULL), 0);
    put(path, "{\"Name\":\"prod\",\"Extra\":[1,\"\xc3\xa9\"],\"Metadata\":{\"Description\":\"old\","
              "\"team\":\"blue\",\"docktether\":{\"version\":1,\"x\":null}},"
              "\"Endpoints\":{\"docker\":{\"Host\":\"tcp://h\",\"y\":2},\"kubernetes\":{}}}\n");
    assert_int_equal(context_write("prod", "new \"<&>", "/s", NULL), 0);
    assert_file(path, "{\"Name\":\"prod\",\"Extra\":[1,\"\xc3\xa9\"],"
                      "\"Metadata\":{\"Description\":\"new \\\"<&>\",\"team\":\"blue\","
                      "\"docktether\":{\"version\":1,\"x\":null}},"
                      "\"Endpoints\":{\"docker\":{\"Host\":\"unix:///s\",\"y\":2,\"SkipTLSVerify\":false},"
                      "\"kubernetes\":{}}}");
    free(path);
}

static void test_context_utf8(void **state)
{
    (void)state;
    struct err e = ERR_INIT;

    assert_int_equal(context_write("prod", "bad \xff", SOCKET, &e), -1);
    assert_error(&e, "docker context", "UTF-8");
    assert_int_equal(context_owner("prod", NULL), CONTEXT_ABSENT);
}

/* Each of these lies at the place of "prod" and must survive everything. */
static void test_context_foreign(void **state)
{
    static const struct {
        const char *text;
        const char *error; /* NULL: a sound context of somebody else's */
    } cases[] = {
        { "{\"Name\":\"prod\",\"Metadata\":{\"Description\":\"cli\"},\"Endpoints\":{}}", NULL },
        { "{\"Name\":\"prod\",\"Metadata\":{},\"Endpoints\":{}}", NULL },
        { "{\"Name\":\"prod\",\"Metadata\":{\"docktether\":true},\"Endpoints\":{}}", NULL },
        { "{\"Name\":\"prod\"}", NULL },
        { "{}", NULL },
        { "{\"Name\":\"other\",\"Metadata\":{\"docktether\":{\"version\":1}}}", "named \"other\"" },
        { "{\"Metadata\":{\"docktether\":{\"version\":1}}}", "named \"\"" },
        { "", "does not parse" },
        { "{\"Name\":\"prod\",", "does not parse, line 1" },
        { "\n{\"Name\":\"a\",\"Name\":\"prod\"}", "does not parse, line 2" },
        { "{\"Name\":\"prod\"} x", "does not parse" },
        { "{\"Name\":\"prod\",\"Metadata\":{\"docktether\":{},\"n\":1e400}}", "does not parse" },
        { "{\"Name\":\"prod\",\"Metadata\":{\"docktether\":{},\"n\":12345678901234567890}}",
          "does not parse" },
        { "[]", "not a JSON object" },
    };
    struct home *h = *state;
    char *path = meta_of(h, "prod");

    assert_int_equal(context_write("prod", "D", SOCKET, NULL), 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct err e = ERR_INIT;
        int removed = 5;

        put(path, cases[i].text);
        assert_int_equal(context_owner("prod", &e),
                         cases[i].error != NULL ? CONTEXT_UNREADABLE : CONTEXT_FOREIGN);
        assert_error(&e, "docker context", cases[i].error ? cases[i].error : "does not own");
        err_clear(&e);
        assert_int_equal(context_write("prod", "D", SOCKET, &e), -1);
        assert_error(&e, "docker context", cases[i].error ? cases[i].error : "does not own");
        assert_true(e.hint[0] != '\0');
        assert_true((strstr(e.fix, "docktether update prod --set context=yes") != NULL) ==
                    (cases[i].error != NULL));
        assert_int_equal(context_remove("prod", &removed, &e), 0);
        assert_int_equal(removed, 0);
        assert_file(path, cases[i].text);
    }
    free(path);
}

static void test_context_odd_files(void **state)
{
    struct home *h = *state;
    struct err e = ERR_INIT;
    char *path = meta_of(h, "prod"), *copy = in_docker(h, "copy.json");

    assert_int_equal(context_write("prod", "D", SOCKET, NULL), 0);
    assert_int_equal(rename(path, copy), 0);

    assert_int_equal(mkdir(path, 0755), 0);
    assert_int_equal(context_owner("prod", &e), CONTEXT_UNREADABLE);
    assert_error(&e, "docker context", "not a regular file");
    assert_int_equal(context_write("prod", "D", SOCKET, &e), -1);
    assert_int_equal(context_remove("prod", NULL, &e), 0);
    assert_int_equal(rmdir(path), 0);

    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(context_owner("prod", &e), CONTEXT_UNREADABLE);
    assert_int_equal(unlink(path), 0);

    /* A link, though what it leads to is ours; and one that dangles. */
    for (int dangling = 0; dangling < 2; dangling++) {
        assert_int_equal(symlink(dangling ? "nowhere" : copy, path), 0);
        assert_int_equal(context_owner("prod", &e), CONTEXT_UNREADABLE);
        assert_error(&e, "docker context", "symbolic link");
        assert_int_equal(context_write("prod", "other", SOCKET, &e), -1);
        assert_int_equal(context_remove("prod", NULL, &e), 0);
        assert_true(exists(path));
        assert_int_equal(unlink(path), 0);
    }
    assert_file(copy, META);

    FILE *f = fopen(path, "we");
    assert_non_null(f);
    for (int i = 0; i < 1100; i++)
        fprintf(f, "%1000s\n", "");
    fclose(f);
    assert_int_equal(context_owner("prod", &e), CONTEXT_UNREADABLE);
    assert_error(&e, "docker context", "larger than");
    free(copy);
    free(path);
}

static void test_context_store_is_a_file(void **state)
{
    struct home *h = *state;
    struct err e = ERR_INIT;
    char *contexts = in_docker(h, "contexts");

    put(h->docker, "x");
    assert_int_equal(context_owner("prod", &e), CONTEXT_ABSENT);
    assert_int_equal(context_write("prod", "D", SOCKET, &e), -1);
    assert_error(&e, "docker context", "cannot create");
    assert_int_equal(unlink(h->docker), 0);

    assert_int_equal(mkdir(h->docker, 0755), 0);
    put(contexts, "x");
    err_clear(&e);
    assert_int_equal(context_owner("prod", &e), CONTEXT_ABSENT);
    assert_int_equal(context_remove("prod", NULL, &e), 0);
    assert_int_equal(e.code, ERR_NONE);
    assert_int_equal(context_write("prod", "D", SOCKET, &e), -1);
    assert_error(&e, "docker context", "cannot create");
    assert_file(contexts, "x");
    free(contexts);
}

static void test_context_read_only(void **state)
{
    struct home *h = *state;
    struct err e = ERR_INIT;

    become_powerless(h);
    int rc = context_write("prod", "D", SOCKET, &e);
    become_powerful();
    assert_int_equal(rc, -1);
    assert_error(&e, "docker context", "Permission denied");
}

static void test_context_remove(void **state)
{
    struct home *h = *state;
    char *path = meta_of(h, "prod"), *dir = hash_dir(h, "prod");
    char *other = mem_printf("%s/notes", dir), *config = in_docker(h, "config.json");
    int removed = 5;

    assert_int_equal(context_remove("prod", &removed, NULL), 0);
    assert_int_equal(removed, 0);

    assert_int_equal(context_write("prod", "D", SOCKET, NULL), 0);
    assert_int_equal(context_write("prod2", "D", SOCKET, NULL), 0);
    assert_int_equal(config_set_current("prod", NULL), 0);
    assert_int_equal(context_remove("prod2", &removed, NULL), 0);
    assert_int_equal(removed, 1);
    assert_file(config, "{\n\t\"auths\": {},\n\t\"currentContext\": \"prod\"\n}");
    assert_int_equal(context_remove("prod", &removed, NULL), 0);
    assert_int_equal(removed, 1);
    assert_file(config, "{\n\t\"auths\": {}\n}");
    assert_false(exists(dir));

    /* What else lies there stays. */
    assert_int_equal(context_write("prod", "D", SOCKET, NULL), 0);
    put(other, "mine");
    assert_int_equal(context_remove("prod", NULL, NULL), 0);
    assert_false(exists(path));
    assert_file(other, "mine");
    assert_int_equal(context_owner("prod", NULL), CONTEXT_ABSENT);

    /* It stays too when the current context cannot be put right. */
    struct err e = ERR_INIT;
    assert_int_equal(context_write("prod", "D", SOCKET, NULL), 0);
    put(config, "{");
    assert_int_equal(context_remove("prod", &removed, &e), -1);
    assert_error(&e, "docker config", "does not parse");
    assert_int_equal(removed, 0);
    assert_file(path, META);
    free(config);
    free(other);
    free(dir);
    free(path);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(context_bytes),           TEST(context_directories),
        TEST(context_keeps_members),   TEST(context_utf8),
        TEST(context_foreign),         TEST(context_odd_files),
        TEST(context_store_is_a_file), TEST(context_read_only),
        TEST(context_remove),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("docker context", tests, NULL, NULL);
}
