/* What Docker's CLI asks of a plugin: its options before the name, and the entry of
 * its config.json that calls the hooks. */
#include "docker-home.h"

#include "docker/hooks.h"
#include "docker/plugin.h"
#include "docker/plugindir.h"

/* ---- options of `docker` itself --------------------------------------------- */

static void test_globals(void **state)
{
    static const struct {
        const char *words[8];
        int stop; /* index of the first word that is no option, -1: refused */
        const char *config, *context, *host;
        bool help, version;
    } cases[] = {
        { { "d", "tether", "up" }, 1, NULL, NULL, NULL, false, false },
        { { "d" }, 1, NULL, NULL, NULL, false, false },
        { { "d", "--config", "/c", "tether" }, 3, "/c", NULL, NULL, false, false },
        { { "d", "--config=/c", "-c", "a", "tether" }, 4, "/c", "a", NULL, false, false },
        { { "d", "-Dca", "tether", "-c", "b" }, 2, NULL, "a", NULL, false, false },
        { { "d", "-Hunix:///x", "tether" }, 2, NULL, NULL, "unix:///x", false, false },
        { { "d", "-H=unix:///x", "--host", "b", "t" }, 4, NULL, NULL, "b", false, false },
        { { "d", "-l", "tether", "--log-level=debug", "--tlsverify=false", "--tlskey", "k", "t" },
          7,
          NULL,
          NULL,
          NULL,
          false,
          false },
        { { "d", "--help", "tether" }, 2, NULL, NULL, NULL, true, false },
        { { "d", "--help=false", "-v" }, 3, NULL, NULL, NULL, false, true },
        { { "d", "--", "--help" }, 2, NULL, NULL, NULL, false, false },
        { { "d", "-", "x" }, 1, NULL, NULL, NULL, false, false },
        { { "d", "--context=", "t" }, 2, NULL, "", NULL, false, false },
        { { "d", "--context" }, -1, NULL, NULL, NULL, false, false },
        { { "d", "-c" }, -1, NULL, NULL, NULL, false, false },
        { { "d", "--contex", "a" }, -1, NULL, NULL, NULL, false, false },
        { { "d", "-x" }, -1, NULL, NULL, NULL, false, false },
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct err e = ERR_INIT;
        struct plugin_globals g;
        char *words[8];
        int argc = 0, at = 1;

        while (argc < 8 && cases[i].words[argc] != NULL) {
            words[argc] = mem_strdup(cases[i].words[argc]);
            argc++;
        }
        int rc = plugin_globals(&g, argc, words, &at, &e);
        if (cases[i].stop < 0) {
            assert_int_equal(rc, -1);
            assert_int_equal(e.code, ERR_USAGE);
        } else {
            assert_int_equal(rc, 0);
            assert_int_equal(at, cases[i].stop);
            assert_true(g.help == cases[i].help && g.version == cases[i].version);
            assert_string_equal(g.config ? g.config : "none", cases[i].config ? cases[i].config : "none");
            assert_string_equal(g.context ? g.context : "none", cases[i].context ? cases[i].context : "none");
            assert_string_equal(g.host ? g.host : "none", cases[i].host ? cases[i].host : "none");
        }
        for (int k = 0; k < argc; k++)
            free(words[k]);
    }
}

static void test_apply(void **state)
{
    struct home *h = *state;
    struct plugin_globals context = { .context = "a" }, host = { .host = "unix:///x" },
                          config = { .config = "sub/dir" };

    assert_int_equal(plugin_apply(&host, NULL), 0);
    assert_string_equal(getenv("DOCKER_HOST"), "unix:///x");
    assert_int_equal(plugin_apply(&context, NULL), 0);
    assert_string_equal(getenv("DOCKER_CONTEXT"), "a");
    assert_null(getenv("DOCKER_HOST"));
    assert_int_equal(chdir(h->dir), 0);
    assert_int_equal(plugin_apply(&config, NULL), 0);
    char *absolute = mem_printf("%s/sub/dir", h->dir);
    assert_string_equal(getenv("DOCKER_CONFIG"), absolute);
    free(absolute);
    assert_int_equal(chdir("/"), 0);
    unsetenv("DOCKER_CONTEXT");
}

/* ---- hooks ------------------------------------------------------------------ */

#define KEY_ALL "\"attach,"
#define FEATURE "\"hooks\": \"true\""

/* The text with the list of commands cut out, which no case repeats. */
static char *shortened(const char *text)
{
    char *copy = mem_strdup(text);
    char *list = strstr(copy, KEY_ALL);

    if (list != NULL) {
        char *end = strchr(list + 1, '"');
        memmove(list + 1, end, strlen(end) + 1);
    }
    return copy;
}

static void test_hooks_there_and_back(void **state)
{
    static const struct {
        const char *before, *enabled;
        const char *after; /* NULL: as before */
    } cases[] = {
        { "{\n\t\"auths\": {},\n\t\"x\": 1.10\n}",
          "{\n\t\"auths\": {},\n\t\"x\": 1.10,\n\t\"plugins\": {\n\t\t\"tether\": {\n\t\t\t\"error-hooks\": "
          "\"\",\n\t\t\t\"features-hooks-before\": \"\"\n\t\t}\n\t},\n\t\"features\": {\n\t\t" FEATURE
          "\n\t}\n}",
          NULL },
        { "{\"auths\":{}}",
          "{\"auths\":{},\"plugins\":{\"tether\":{\"error-hooks\":\"\",\"features-hooks-before\":\"\"}},"
          "\"features\":{\"hooks\":\"true\"}}",
          NULL },
        /* another plugin, with hooks of its own */
        { "{\n  \"plugins\": {\n    \"scout\": {\n      \"hooks\": \"pull\"\n    }\n  },\n  \"features\": {\n  "
          "  " FEATURE "\n  },\n  \"u\": \"\\u00e9\"\n}\n",
          "{\n  \"plugins\": {\n    \"scout\": {\n      \"hooks\": \"pull\"\n    },\n    \"tether\": {\n      "
          "\"error-hooks\": \"\"\n    }\n  },\n  \"features\": {\n    " FEATURE
          "\n  },\n  \"u\": \"\\u00e9\"\n}\n",
          NULL },
        /* what was said of hooks before is said again */
        { "{\"features\":{\"buildkit\":\"true\",\"hooks\":\"false\"},\"a\":1}",
          "{\"features\":{\"buildkit\":\"true\",\"hooks\":\"true\"},\"a\":1,\"plugins\":{\"tether\":{\"error-"
          "hooks\":\"\",\"features-hooks-before\":\"false\"}}}",
          NULL },
        /* also when it had switched off those of another plugin */
        { "{ \"auths\": {}, \"features\":{\"hooks\":\"false\",\"x\":\"y\"}, "
          "\"plugins\":{\"a\":{\"hooks\":\"ps\"}}}",
          "{ \"auths\": {}, \"features\":{\"hooks\":\"true\",\"x\":\"y\"}, "
          "\"plugins\":{\"a\":{\"hooks\":\"ps\"},\"tether\":{\"error-hooks\": \"\",\"features-hooks-before\": "
          "\"false\"}}}",
          NULL },
        { "{\"features\":{\"hooks\":\"1\"}}",
          "{\"features\":{\"hooks\":\"1\"},\"plugins\":{\"tether\":{\"error-hooks\":\"\"}}}", NULL },
        /* a new file */
        { "",
          "{\n\t\"plugins\": {\n\t\t\"tether\": {\n\t\t\t\"error-hooks\": \"\",\n\t\t\t"
          "\"features-hooks-before\": \"\"\n\t\t}\n\t},\n\t\"features\": {\n\t\t" FEATURE "\n\t}\n}",
          "{}" },
        /* what else the user has put there stays */
        { "{\"plugins\":{\"tether\":{\"mine\":\"x\"}}}",
          "{\"plugins\":{\"tether\":{\"mine\":\"x\",\"error-hooks\":\"\",\"features-hooks-before\":\"\"}},"
          "\"features\":{\"hooks\":\"true\"}}",
          NULL },
        { "{ \"Plugins\" : null , \"n\" : 1e400 }",
          "{ \"Plugins\" : {\"tether\" : {\"error-hooks\" : \"\",\"features-hooks-before\" : \"\"}} , \"n\" : "
          "1e400, \"features\" : {\"hooks\" : \"true\"} }",
          "{ \"n\" : 1e400 }" },
        /* objects that were empty stay, and say so */
        { "{\"plugins\":{},\"features\":{},\"a\":1}",
          "{\"plugins\":{\"tether\":{\"error-hooks\":\"\",\"features-hooks-before\":\"\",\"empty-before\":"
          "\"plugins,features,\"}},\"features\":{\"hooks\":\"true\"},\"a\":1}",
          NULL },
        { "{\"plugins\":{\"tether\":{}}}",
          "{\"plugins\":{\"tether\":{\"error-hooks\":\"\",\"features-hooks-before\":\"\",\"empty-before\":"
          "\"tether,\"}},\"features\":{\"hooks\":\"true\"}}",
          NULL },
        /* keys that stand there twice: Docker merges the objects, the last value counts */
        { "{\"plugins\":{\"a\":{\"x\":\"1\"}},\"plugins\":{\"b\":{}},\"features\":{\"hooks\":\"true\"},"
          "\"features\":{\"hooks\":\"false\"}}",
          "{\"plugins\":{\"a\":{\"x\":\"1\"}},\"plugins\":{\"b\":{},\"tether\":{\"error-hooks\":\"\","
          "\"features-hooks-before\":\"false\"}},\"features\":{\"hooks\":\"true\"},\"features\":{\"hooks\":"
          "\"true\"}}",
          "{\"plugins\":{\"a\":{\"x\":\"1\"}},\"plugins\":{\"b\":{}},\"features\":{\"hooks\":\"true\"},"
          "\"features\":{\"hooks\":\"false\"}}" },
    };
    struct home *h = *state;
    char *path = in_docker(h, "config.json");

    assert_int_equal(mkdir(h->docker, 0755), 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct err e = ERR_INIT;
        enum hooks hooks;
        bool effective;

        put(path, cases[i].before);
        assert_int_equal(hooks_get(&hooks, NULL, &e), 0);
        assert_int_equal(hooks, HOOKS_OFF);
        for (int twice = 0; twice < 2; twice++) { /* the second time changes nothing */
            assert_int_equal(hooks_set(HOOKS_ON_ERROR, &e), 0);
            char *text = get(path), *brief = shortened(text);
            assert_string_equal(brief, cases[i].enabled);
            free(brief);
            free(text);
        }
        assert_int_equal(hooks_get(&hooks, &effective, &e), 0);
        assert_int_equal(hooks, HOOKS_ON_ERROR);
        assert_true(effective);
        /* the other kind takes its place, and leaves no trace either */
        assert_int_equal(hooks_set(HOOKS_ALWAYS, &e), 0);
        assert_int_equal(hooks_get(&hooks, NULL, &e), 0);
        assert_int_equal(hooks, HOOKS_ALWAYS);
        for (int twice = 0; twice < 2; twice++) {
            assert_int_equal(hooks_set(HOOKS_OFF, &e), 0);
            assert_file(path, cases[i].after != NULL ? cases[i].after : cases[i].before);
        }
    }
    free(path);
}

/* Somebody has got hooks of another plugin since: they need the feature. */
static void test_hooks_of_others(void **state)
{
    struct home *h = *state;
    char *path = in_docker(h, "config.json");

    assert_int_equal(mkdir(h->docker, 0755), 0);
    put(path, "{\"plugins\":{\"tether\":{\"hooks\":\"ps\",\"features-hooks-before\":\"\"},\"scout\":{\"error-"
              "hooks\":\"pull\"}},\"features\":{\"hooks\":\"true\"}}");
    assert_int_equal(hooks_set(HOOKS_OFF, NULL), 0);
    assert_file(path,
                "{\"plugins\":{\"scout\":{\"error-hooks\":\"pull\"}},\"features\":{\"hooks\":\"true\"}}");
    free(path);
}

/* Docker obeys the last of two entries, and merges two objects: none may be left. */
static void test_hooks_given_twice(void **state)
{
    static const char *const twice[] = {
        "{\"plugins\":{\"tether\":{\"hooks\":\"ps\"},\"tether\":{\"hooks\":\"run\"}},\"a\":1}",
        "{\"plugins\":{\"tether\":{\"hooks\":\"ps\"}},\"a\":1,\"plugins\":{\"tether\":{\"hooks\":\"run\"}}}",
        "{\"Plugins\":{\"tether\":{\"hooks\":\"ps\",\"hooks\":\"run\"}},\"a\":1}",
        "{\"plugins\":{\"tether\":{\"hooks\":\"ps\"}},\"plugins\":{},\"a\":1}",
    };
    struct home *h = *state;
    char *path = in_docker(h, "config.json");

    assert_int_equal(mkdir(h->docker, 0755), 0);
    for (size_t i = 0; i < sizeof twice / sizeof *twice; i++) {
        enum hooks hooks;
        put(path, twice[i]);
        assert_int_equal(hooks_get(&hooks, NULL, NULL), 0);
        assert_int_equal(hooks, HOOKS_ALWAYS);
        assert_int_equal(hooks_set(HOOKS_OFF, NULL), 0);
        assert_int_equal(hooks_get(&hooks, NULL, NULL), 0);
        assert_int_equal(hooks, HOOKS_OFF);
        char *text = get(path);
        assert_null(strstr(text, "tether"));
        assert_non_null(strstr(text, "\"a\":1"));
        free(text);
    }
    free(path);
}

static void test_hooks_refused(void **state)
{
    static const char *const bad[] = { "{\"plugins\":[]}",
                                       "{\"features\":true}",
                                       "{\"plugins\":{\"tether\":1}}",
                                       "{\"features\":{\"hooks\":true}}",
                                       "{\"plugins\":",
                                       "[]" };
    struct home *h = *state;
    char *path = in_docker(h, "config.json");

    assert_int_equal(mkdir(h->docker, 0755), 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct err e = ERR_INIT;
        put(path, bad[i]);
        assert_int_equal(hooks_set(HOOKS_ALWAYS, &e), -1);
        assert_string_equal(e.layer, "docker config");
        assert_file(path, bad[i]);
    }
    free(path);
}

static void test_hooks_known(void **state)
{
    (void)state;
    assert_int_equal(hooks_known("28.2.2"), HOOKS_ALWAYS);
    assert_int_equal(hooks_known("29.2.1"), HOOKS_ALWAYS);
    assert_int_equal(hooks_known("29.3.0"), HOOKS_ON_ERROR);
    assert_int_equal(hooks_known("30.0.0-rc.1"), HOOKS_ON_ERROR);
    assert_int_equal(hooks_known("26.1.0"), HOOKS_ALWAYS);
    assert_int_equal(hooks_known("26.0.2"), HOOKS_OFF);
    assert_int_equal(hooks_known("20.10.24+dfsg1"), HOOKS_OFF);
    assert_int_equal(hooks_known("library"), HOOKS_OFF);
    assert_int_equal(hooks_known(NULL), HOOKS_OFF);
}

static void test_hook_documents(void **state)
{
    (void)state;
    char *error = plugin_hook_error("{\"RootCmd\":\"ps\",\"Flags\":{},\"CommandError\":\"no\"}");
    assert_string_equal(error, "no");
    free(error);
    assert_null(plugin_hook_error("{\"RootCmd\":\"ps\"}"));
    assert_null(plugin_hook_error("{\"CommandError\":\"\"}"));
    assert_null(plugin_hook_error("{\"CommandError\":7}"));
    assert_null(plugin_hook_error("nonsense"));
    json_t *answer = plugin_hook_answer("a {{ .Env }} {{{b");
    assert_null(strstr(json_string_value(json_object_get(answer, "Template")), "{{"));
    assert_int_equal(json_integer_value(json_object_get(answer, "Type")), 0);
    json_decref(answer);
}

/* ---- the link ---------------------------------------------------------------- */

static void test_link(void **state)
{
    struct home *h = *state;
    struct err e = ERR_INIT;
    char *path = plugindir_link(&e), *dir = in_docker(h, "cli-plugins");

    assert_int_equal(plugindir_remove(&e), 1);
    assert_int_equal(plugindir_install("/old/docktether", &e), 0);
    assert_int_equal(plugindir_install("/old/docktether", &e), 1);
    assert_int_equal(plugindir_install("/bin/docktether", &e), 0);
    char target[64] = "";
    assert_true(readlink(path, target, sizeof target - 1) > 0);
    assert_string_equal(target, "/bin/docktether");
    assert_int_equal(plugindir_remove(&e), 0);
    assert_false(exists(path));
    /* what is somebody else's stays */
    assert_int_equal(symlink("/bin/true", path), 0);
    assert_int_equal(plugindir_install("/bin/docktether", &e), -1);
    assert_int_equal(plugindir_remove(&e), -1);
    assert_true(exists(path));
    assert_int_equal(unlink(path), 0);
    put(path, "a file");
    assert_int_equal(plugindir_install("/bin/docktether", &e), -1);
    assert_int_equal(plugindir_remove(&e), -1);
    assert_file(path, "a file");
    free(dir);
    free(path);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(globals),
        TEST(apply),
        TEST(hooks_there_and_back),
        TEST(hooks_of_others),
        TEST(hooks_given_twice),
        TEST(hooks_refused),
        TEST(hooks_known),
        TEST(hook_documents),
        TEST(link),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("docker plugin", tests, NULL, NULL);
}
