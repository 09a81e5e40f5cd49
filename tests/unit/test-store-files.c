#include "store-home.h"
#include "store/store.h"

static void test_bad_defaults(void **state)
{
    struct err e = ERR_INIT;

    put(state, PROFILES "/prod.ini", "[ssh]\nhost = h\n", 0600);
    put(state, CONFIG "/docktether.ini", "[ssh]\nuser = u\nhost = h\n", 0600);
    bad_load("prod", "docktether.ini:3: host belongs to one profile");
    assert_null(store_new_profile("new", &e));
    assert_int_equal(e.code, ERR_PROFILE);
    put(state, CONFIG "/docktether.ini", "[ssh]\npin = ssh-rsa " FP "\n", 0600);
    bad_load("prod", "docktether.ini:2: pin belongs to one profile");
    put(state, CONFIG "/docktether.ini", "[ssh]\nuser = u\n", 0666);
    bad_load("prod", "can be written by others");
}

static void test_bad_files(void **state)
{
    static const struct {
        const char *text, *words;
    } bad[] = {
        { "", "prod.ini: prod has no host" },
        { "[ssh]\nhost =\n", "prod.ini:2: host" },
        { "[ssh]\nhost = h\nhots = h\n", "prod.ini:3: unknown key \"hots\" in [ssh]" },
        { "[ssh]\nhost = h\nsocket = /x\n", "prod.ini:3: unknown key \"socket\" in [ssh]" },
        { "[ssh]\nHost = h\n", "prod.ini:2: unknown key" },
        { "[ssh]\nhost = h\n[sshd]\n", "prod.ini:3: unknown section [sshd]" },
        { "[ssh]\nhost = h\nport = 0\n", "prod.ini:3: port: \"0\"" },
        { "[ssh]\nhost = h\n\nhost = h\n", "prod.ini:4: duplicate: host" },
        { "[ssh]\nhost = h\nport =\nport =\n", "prod.ini:4: duplicate: port" },
        { "[ssh]\nhost = h\nport = 1\n[docker]\n[ssh]\nport = 1\n", "prod.ini:6: duplicate: port" },
        { "[ssh]\nhost = h\nidentity = /a\nidentity = /b\nidentity = /a\n",
          "prod.ini:5: duplicate: identity" },
        { "[ssh]\nhost = h\nidentity = /a\nidentity =\n", "prod.ini:4: duplicate: identity" },
        { "[ssh]\nhost = h\nidentity =\nidentity = /a\n", "prod.ini:4: duplicate: identity" },
        { "[ssh]\nhost = h\npin = ssh-rsa " FP "\npin = ssh-rsa  " FP "\n", "prod.ini:4: duplicate: pin" },
        { "[ssh]\nhost = h\npin = ssh-dss " FP "\n", "prod.ini:3: pin" },
        { "[ssh]\nhost = h\n description\n", "prod.ini:3: the line is indented" },
    };

    put(state, PROFILES "/good.ini", "[ssh]\nhost = h\n", 0600);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        put(state, PROFILES "/prod.ini", bad[i].text, 0600);
        bad_load("prod", bad[i].words);
    }
    profile_free(load("good")); /* a broken file hides no other */
}

/* Padding a description to any length never lets its tail become a pin. */
static void test_injection(void **state)
{
    static const char *const joints[] = { "",   " ",   "\r",   "\v",       "\f",
                                          "\t", "\n ", "\n\t", "\n[ssh\n", "\n[ssh] x\n" };

    for (size_t j = 0; j < sizeof joints / sizeof *joints; j++) {
        for (size_t len = 150; len < 210; len++) {
            char text[600];
            size_t at = sprintf(text, "[ssh]\nhost = h\n[profile]\ndescription = ");
            memset(text + at, 'x', len);
            sprintf(text + at + len, "%spin = ssh-rsa " FP "\n", joints[j]);
            put(state, PROFILES "/prod.ini", text, 0600);
            struct profile *p = store_load("prod", NULL);
            if (p != NULL && p->pins.count != 0)
                fail_msg("injected by a description of %zu bytes", len);
            profile_free(p);
        }
    }
}

static void test_trust(void **state)
{
    char *file = scratch_path(state, PROFILES "/prod.ini"), *dir = scratch_path(state, PROFILES);
    char *other = scratch_path(state, "other.ini");
    struct strv names = { 0 };
    struct err e = ERR_INIT;

    put(state, PROFILES "/prod.ini", "[ssh]\nhost = h\n", 0600);
    chmod(file, 0620);
    bad_load("prod", "can be written by others");
    chmod(file, 0602);
    bad_load("prod", "can be written by others");
    chmod(file, 0644);
    profile_free(load("prod"));

    if (geteuid() == 0) {
        assert_int_equal(chown(file, 65534, 65534), 0);
        bad_load("prod", "belongs to another user");
        assert_int_equal(chown(file, 0, 0), 0);
        scratch_write(other, "[ssh]\nhost = h\n", 0600);
        unlink(file);
        assert_int_equal(symlink(other, file), 0);
        profile_free(load("prod")); /* our link to our file */
        assert_int_equal(lchown(file, 65534, 65534), 0);
        bad_load("prod", "symbolic link of another user");
        assert_int_equal(lchown(file, 0, 0), 0);
        assert_int_equal(chown(other, 65534, 65534), 0);
        bad_load("prod", "belongs to another user");
    }

    chmod(dir, 0770);
    bad_load("prod", "can be written by others");
    assert_int_equal(store_list(&names, &e), -1);
    assert_int_equal(e.code, ERR_PROFILE);
    struct profile *p = store_new_profile("new", NULL);
    set(p, "host", "h");
    assert_int_equal(store_save(p, true, &e), -1);
    assert_int_equal(scratch_entries(dir), 1);
    chmod(dir, 0755);
    save(p, true); /* reading is no harm, and is taken away */
    assert_int_equal(scratch_mode(dir), 0700);

    profile_free(p);
    free(file);
    free(dir);
    free(other);
}

static void test_odd_files(void **state)
{
    char *path = scratch_path(state, PROFILES "/prod.ini"), text[70000];

    make_dirs(state);
    assert_int_equal(mkdir(path, 0700), 0);
    bad_load("prod", "not a regular file");
    rmdir(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    alarm(10);
    bad_load("prod", "not a regular file");
    alarm(0);
    unlink(path);
    memset(text, '\n', sizeof text);
    text[sizeof text - 1] = '\0';
    scratch_write(path, text, 0600);
    bad_load("prod", "larger than");
    free(path);
}

static void test_not_found(void **state)
{
    struct err e = ERR_INIT;

    bad_load("prod", "no profile named \"prod\""); /* not even a directory */
    put(state, PROFILES "/prod.ini", "broken", 0600);
    put(state, PROFILES "/ab.ini", "", 0600);
    put(state, PROFILES "/xprodx.ini", "", 0600);
    assert_null(store_load("prdo", &e));
    assert_string_equal(e.msg, "no profile named \"prdo\"");
    assert_string_equal(e.hint, "did you mean \"prod\"?");
    assert_null(store_load("pod", &e));
    assert_string_equal(e.hint, "did you mean \"prod\"?");
    assert_null(store_load("staging", &e));
    assert_non_null(strstr(e.hint, "docktether ls"));
    assert_null(store_load("zz", &e)); /* two edits of two letters are no likeness */
    assert_non_null(strstr(e.hint, "docktether ls"));
    assert_null(store_load("p", &e));
    assert_int_equal(e.code, ERR_PROFILE);

    /* Names that cannot be are not looked for on disk. */
    put(state, CONFIG "/up.ini", "[ssh]\nhost = h\n", 0600);
    bad_load("../up", "no profile named");
    bad_load("default", "no profile named");
    bad_load("", "no profile named");
    assert_false(store_exists("../up"));
    assert_int_equal(store_remove("../up", &e), -1);
    assert_int_equal(e.code, ERR_PROFILE);
    assert_null(store_path("../up", NULL));
}

static void test_list_remove(void **state)
{
    static const char *const junk[] = { "/README",      "/.docktether-abc123",
                                        "/.ini",        "/a.ini",
                                        "/default.ini", "/bb.ini~",
                                        "/bb.INI",      "/-x.ini",
                                        "/b b.ini",     "/cc.ini.bak" };
    struct strv names = { 0 };
    struct err e = ERR_INIT;

    assert_int_equal(store_list(&names, &e), 0);
    assert_int_equal(names.count, 0);
    put(state, PROFILES "/zz.ini", "", 0600);
    put(state, PROFILES "/aa.ini", "broken", 0600);
    put(state, PROFILES "/AA.ini", "", 0600);
    put(state, PROFILES "/a.ini.ini", "", 0600);
    for (size_t i = 0; i < sizeof junk / sizeof *junk; i++) {
        char *name = mem_printf(PROFILES "%s", junk[i]);
        put(state, name, "", 0600);
        free(name);
    }
    assert_int_equal(store_list(&names, &e), 0);
    assert_int_equal(names.count, 4);
    assert_string_equal(names.items[0], "AA");
    assert_string_equal(names.items[1], "a.ini");
    assert_string_equal(names.items[2], "aa");
    assert_string_equal(names.items[3], "zz");
    strv_clear(&names);

    assert_int_equal(store_remove("aa", &e), 0);
    assert_false(store_exists("aa"));
    assert_int_equal(store_remove("aa", &e), -1);
    assert_int_equal(e.code, ERR_PROFILE);
    assert_true(store_exists("zz"));
}

#define IN_SCRATCH(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCRATCH(test_bad_defaults), IN_SCRATCH(test_bad_files), IN_SCRATCH(test_injection),
        IN_SCRATCH(test_trust),        IN_SCRATCH(test_odd_files), IN_SCRATCH(test_not_found),
        IN_SCRATCH(test_list_remove),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("store-files", tests, NULL, NULL);
}
