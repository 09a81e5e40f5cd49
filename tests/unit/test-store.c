#include "store-home.h"
#include "store/option.h"
#include "store/store.h"

#include <pwd.h>
#include <sys/wait.h>

static void test_round_trip(void **state)
{
    static const char *const values[][2] = {
        { "description", "K\xc3\xbc"
                         "che; #1 = x" },
        { "host", "fe80::1%eth0" },
        { "port", "2222" },
        { "user", "deploy" },
        { "identity", "~/.ssh/b" },
        { "identity", "/a b" },
        { "certificate", "~/.ssh/b-cert.pub" },
        { "agent", "no" },
        { "pin", "ssh-rsa " FP },
        { "pin", "ssh-ed25519 " FP2 },
        { "connect-timeout", "1500ms" },
        { "transport", "dial-stdio" },
        { "hold", "0" },
    };
    static const char want[] = "[profile]\ndescription = K\xc3\xbc"
                               "che; #1 = x\n\n"
                               "[ssh]\nhost = fe80::1%eth0\nport = 2222\nuser = deploy\n"
                               "identity = ~/.ssh/b\nidentity = /a b\n"
                               "certificate = ~/.ssh/b-cert.pub\nagent = no\n"
                               "pin = ssh-rsa " FP "\npin = ssh-ed25519 " FP2 "\nconnect-timeout = 1500ms\n\n"
                               "[docker]\ntransport = dial-stdio\n\n[tether]\nhold = 0\n";
    struct profile *p = store_new_profile("prod", NULL);
    size_t count;
    const struct option *table = option_table(&count);

    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        set(p, values[i][0], values[i][1]);
    assert_false(store_exists("prod"));
    umask(0);
    save(p, true);
    assert_true(store_exists("prod"));
    has_text(state, PROFILES "/prod.ini", want);

    char *file = scratch_path(state, PROFILES "/prod.ini"), *dir = scratch_path(state, PROFILES);
    assert_int_equal(scratch_mode(file), 0600);
    assert_int_equal(scratch_mode(dir), 0700);
    assert_int_equal(scratch_entries(dir), 1);

    struct profile *q = load("prod");
    for (size_t i = 0; i < count; i++)
        assert_true(option_is_default(q, &table[i], p));
    assert_string_equal(q->name, "prod");
    /* Saving what was loaded changes nothing. */
    save(q, false);
    has_text(state, PROFILES "/prod.ini", want);
    assert_int_equal(scratch_entries(dir), 1);

    profile_free(p);
    profile_free(q);
    free(file);
    free(dir);
}

static void test_create_twice(void **state)
{
    struct profile *p = store_new_profile("prod", NULL);
    struct err e = ERR_INIT;

    set(p, "host", "one");
    save(p, true);
    set(p, "host", "two");
    assert_int_equal(store_save(p, true, &e), -1);
    assert_int_equal(e.code, ERR_FAILED);
    assert_non_null(strstr(e.msg, "already"));
    has_text(state, PROFILES "/prod.ini", "[ssh]\nhost = one\n");
    save(p, false);
    has_text(state, PROFILES "/prod.ini", "[ssh]\nhost = two\n");

    char *dir = scratch_path(state, PROFILES);
    assert_int_equal(scratch_entries(dir), 1); /* no temporary file was left */
    free(dir);
    profile_free(p);
}

/* What was given in the profile's own words is kept, whatever the default comes to be. */
static void test_given_user(void **state)
{
    struct profile *p = store_new_profile("prod", NULL), *q;

    q = store_new_profile("mine", NULL);
    set(q, "host", "h");
    save(q, true); /* fills in the current user */
    set(p, "host", "h");
    assert_int_equal(profile_finish(p, NULL), 0);
    set(p, "user", p->user);
    save(p, true);
    profile_free(p);
    profile_free(q);

    put(state, CONFIG "/docktether.ini", "[ssh]\nuser = deploy\n", 0600);
    p = load("prod");
    q = load("mine");
    assert_string_not_equal(p->user, "deploy");
    assert_string_equal(q->user, "deploy");
    save(q, false); /* the default's word does not become the profile's */
    has_text(state, PROFILES "/mine.ini", "[ssh]\nhost = h\n");
    set(q, "user", "deploy");
    save(q, false);
    has_text(state, PROFILES "/mine.ini", "[ssh]\nhost = h\nuser = deploy\n");
    profile_free(q);
    profile_free(p);
}

/* In a container, or with a name that cannot be a user's, a profile that names one needs
 * nothing of the password database. */
static void test_no_current_user(void **state)
{
    struct err e = ERR_INIT;
    struct profile *p = store_new_profile("prod", NULL), *q = store_new_profile("none", NULL);

    set(p, "host", "h");
    set(p, "user", "deploy");
    set(q, "host", "h");
    if (geteuid() != 0 || getpwuid(54321) != NULL) {
        profile_free(p);
        profile_free(q);
        skip();
    }
    assert_int_equal(chown(*state, 54321, 54321), 0);
    assert_int_equal(seteuid(54321), 0);
    int made = store_save(p, true, &e), none = store_save(q, true, &e);
    struct profile *back = store_load("prod", NULL);
    int changed = back != NULL ? store_save(back, false, NULL) : -1;
    assert_int_equal(seteuid(0), 0);
    assert_int_equal(made, 0);
    assert_non_null(back);
    assert_string_equal(back->user, "deploy");
    assert_int_equal(changed, 0);
    assert_int_equal(none, -1);
    assert_int_equal(e.code, ERR_PROFILE);
    assert_non_null(strstr(e.msg, "the current uid has no name"));
    assert_non_null(strstr(e.hint, "ssh://USER@h"));
    profile_free(back);
    profile_free(q);
    profile_free(p);
}

/* Each change is carried over to what the other one has written. */
static void test_changes_at_once(void **state)
{
    static const struct pin a = { "ssh-ed25519", FP }, b = { "ssh-rsa", FP2 };
    struct profile *old, *first, *second;

    old = store_new_profile("prod", NULL);
    set(old, "host", "h");
    set(old, "user", "u");
    pins_add(&old->pins, &a);
    save(old, true);
    first = profile_copy(old);
    second = profile_copy(old);
    set(first, "port", "2222");
    pins_add(&first->pins, &b);
    set(second, "description", "mine");
    pins_remove(&second->pins, &a);
    assert_int_equal(store_update(old, first, NULL), 0);
    assert_int_equal(store_update(old, second, NULL), 0);
    has_text(state, PROFILES "/prod.ini",
             "[profile]\ndescription = mine\n\n[ssh]\nhost = h\nport = 2222\nuser = u\npin = ssh-rsa " FP2
             "\n");
    assert_int_equal(second->port, 2222); /* it is what is stored */

    struct err e = ERR_INIT;
    assert_int_equal(store_remove("prod", NULL), 0);
    assert_int_equal(store_update(old, first, &e), -1);
    assert_int_equal(e.code, ERR_PROFILE);
    assert_false(store_exists("prod"));
    profile_free(second);
    profile_free(first);
    profile_free(old);
}

/* The current user is filled in for the reader but never written. */
static void test_current_user(void **state)
{
    struct profile *p = store_new_profile("prod", NULL);

    set(p, "host", "h");
    save(p, true);
    struct profile *q = load("prod");
    assert_non_null(q->user);
    save(q, false);
    has_text(state, PROFILES "/prod.ini", "[ssh]\nhost = h\n");
    profile_free(q);
    profile_free(p);
}

static void test_defaults(void **state)
{
    put(state, CONFIG "/docktether.ini",
        "[ssh]\nport = 2222\nuser = ops\nidentity = /d1\nidentity = /d2\n[profile]\ndescription = all\n",
        0600);
    put(state, PROFILES "/own.ini",
        "[ssh]\nhost = h\nidentity = /mine\nport =\nuser = u\n[profile]\ndescription =\n", 0600);
    put(state, PROFILES "/none.ini", "[ssh]\nhost = h\nidentity =\n", 0600);
    put(state, PROFILES "/all.ini", "[ssh]\nhost = h\n", 0600);

    struct profile *p = load("all");
    assert_int_equal(p->port, 2222);
    assert_string_equal(p->user, "ops");
    assert_int_equal(p->identities.count, 2);
    save(p, false);
    has_text(state, PROFILES "/all.ini", "[ssh]\nhost = h\n");
    profile_free(p);

    p = load("own");
    assert_int_equal(p->port, 22);
    assert_int_equal(p->identities.count, 1); /* replaced, not appended to */
    assert_string_equal(p->identities.items[0], "/mine");
    assert_string_equal(p->description, "");
    save(p, false);
    has_text(state, PROFILES "/own.ini",
             "[profile]\ndescription =\n\n[ssh]\nhost = h\nport = 22\nuser = u\nidentity = /mine\n");
    profile_free(p);

    p = load("none");
    assert_int_equal(p->identities.count, 0);
    save(p, false);
    has_text(state, PROFILES "/none.ini", "[ssh]\nhost = h\nidentity =\n");
    profile_free(p);
}

/* A profile that was not put together by option_set() and would be read back as
 * another one is not written, and the old file stays. */
static void test_refuse_save(void **state)
{
    static const char *const texts[] = { "a\npin = x", "a ; b", " a", "a\n[tether]", "; a", "a\xff" };
    struct profile *p = store_new_profile("prod", NULL);
    struct err e = ERR_INIT;

    assert_int_equal(store_save(p, true, &e), -1); /* without a host */
    set(p, "host", "h");
    save(p, true);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        mem_replace(&p->description, texts[i]);
        if (store_save(p, false, &e) != -1)
            fail_msg("saved \"%s\"", texts[i]);
        has_text(state, PROFILES "/prod.ini", "[ssh]\nhost = h\n");
    }
    mem_replace(&p->description, "");
    p->port = 65536;
    assert_int_equal(store_save(p, false, &e), -1);
    p->port = 22;
    p->hold_ms = 90 * 60 * 1000;
    assert_int_equal(store_save(p, false, &e), -1);
    p->hold_ms = 0;
    mem_replace(&p->name, "../x");
    assert_int_equal(store_save(p, false, &e), -1);
    profile_free(p);
}

/* Larger than a file that could be read again. */
static void test_too_large(void **state)
{
    struct profile *p = store_new_profile("prod", NULL);
    struct err e = ERR_INIT;

    (void)state;
    set(p, "host", "h");
    for (int i = 0; i < 600; i++) {
        char file[200];
        snprintf(file, sizeof file, "/%0120d", i);
        strv_add(&p->identities, file);
    }
    assert_int_equal(store_save(p, true, &e), -1);
    assert_non_null(strstr(e.msg, "larger than"));
    assert_false(store_exists("prod"));
    profile_free(p);
}

/* Of many that create one name at once, exactly one does. */
static void test_race(void **state)
{
    enum { WRITERS = 8 };
    int made = 0;

    (void)state;
    for (int i = 0; i < WRITERS; i++) {
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            struct profile *p = store_new_profile("prod", NULL);
            p->port = i + 1;
            mem_replace(&p->host, "h");
            int rc = store_save(p, true, NULL);
            profile_free(p);
            _exit(rc == 0 ? 0 : 1);
        }
    }
    for (int i = 0; i < WRITERS; i++) {
        int status;
        assert_true(wait(&status) > 0);
        assert_true(WIFEXITED(status));
        made += WEXITSTATUS(status) == 0;
    }
    assert_int_equal(made, 1);
    profile_free(load("prod"));
}

static void test_fingerprint(void **state)
{
    struct profile *p = profile_new("p1"), *q = profile_new("q1");
    char one[65], two[65];

    (void)state;
    set(p, "host", "h");
    set(q, "host", "h");
    set(q, "description", "other");
    set(q, "protected", "yes");
    set(q, "context", "no");
    profile_finish(q, NULL); /* the current user, named or not, is the same */
    store_fingerprint(p, one);
    store_fingerprint(q, two);
    assert_int_equal(strlen(one), 64);
    assert_string_equal(one, two);

    static const char *const changes[][2] = { { "port", "23" },         { "user", "else" },
                                              { "identity", "/i" },     { "socket", "/s" },
                                              { "pin", "ssh-rsa " FP }, { "hold", "1s" },
                                              { "host", "h2" },         { "dial-command", "x" } };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        set(q, changes[i][0], changes[i][1]);
        store_fingerprint(q, one);
        assert_string_not_equal(one, two);
        strcpy(two, one);
    }
    profile_free(p);
    profile_free(q);
}

static void test_config_home(void **state)
{
    char *config = scratch_path(state, "xdg"),
         *want = scratch_path(state, "xdg/docktether/profiles/prod.ini");
    struct profile *p = profile_new("prod");

    setenv("XDG_CONFIG_HOME", config, 1);
    set(p, "host", "h");
    save(p, true);
    char *path = store_path("prod", NULL);
    assert_string_equal(path, want);
    assert_int_equal(scratch_mode(want), 0600);
    setenv("XDG_CONFIG_HOME", "relative", 1);
    bad_load("prod", "XDG_CONFIG_HOME");
    profile_free(p);
    free(path);
    free(want);
    free(config);
}

#define IN_SCRATCH(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCRATCH(test_round_trip), IN_SCRATCH(test_create_twice),    IN_SCRATCH(test_current_user),
        IN_SCRATCH(test_given_user), IN_SCRATCH(test_no_current_user), IN_SCRATCH(test_changes_at_once),
        IN_SCRATCH(test_defaults),   IN_SCRATCH(test_refuse_save),     IN_SCRATCH(test_too_large),
        IN_SCRATCH(test_race),       IN_SCRATCH(test_fingerprint),     IN_SCRATCH(test_config_home),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
