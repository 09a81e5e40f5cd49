/* What a service manager passes and hears, and what it is given. */
#include "scratch.h"

#include "autostart/launchd.h"
#include "autostart/unit.h"
#include "base/time.h"
#include "tether/notify.h"
#include "tether/service.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cmocka.h>

/* ---- names and texts --------------------------------------------------------- */

static void named(const char *profile, const char *want)
{
    char *name = unit_name(profile, "service", NULL);

    assert_string_equal(name, want);
    free(name);
}

/* As systemd-escape has it. */
static void names_are_escaped(void **state)
{
    char longest[129];

    (void)state;
    named("prod", "docktether@prod.service");
    named("my-prod", "docktether@my\\x2dprod.service");
    named("a.b_c+d", "docktether@a.b_c\\x2bd.service");
    memset(longest, '-', sizeof longest - 1);
    longest[0] = 'x';
    longest[sizeof longest - 1] = '\0';
    assert_null(unit_name(longest, "service", NULL));
}

static void has(char *text, const char *words)
{
    if (strstr(text, words) == NULL)
        fail_msg("no \"%s\" in \"%s\"", words, text);
    free(text);
}

static void programs_are_quoted_where_they_must_be(void **state)
{
    (void)state;
    has(unit_service_text("/usr/bin/docktether"), "\nExecStart=/usr/bin/docktether run %I\n");
    has(unit_service_text("/a b/100%\"\\docktether"),
        "\nExecStart=\"/a b/100%%\\\"\\\\docktether\" run %I\n");
    has(unit_socket_text(), "\nListenStream=%t/docktether/%I.sock\n");
    has(unit_plist_text("lab", "/R&D <1>/docktether", "/l>g"),
        "<string>/R&amp;D &lt;1&gt;/docktether</string>");
    has(unit_plist_text("lab", "/d", "/l>g"), "<string>/l&gt;g</string>");
    has(unit_plist_text("a.b+c", "/d", "/l"), "<string>docktether.a.b+c</string>");
}

static void no_placeholder_is_left(void **state)
{
    char *text = unit_plist_text("lab", "/d", "/l");

    (void)state;
    assert_null(strchr(text, '@'));
    free(text);
}

/* ---- launchd, with a launchctl that writes down what it is asked --------------------- */

static void an_agent_is_written_loaded_and_removed(void **state)
{
    struct err e = ERR_INIT;
    char *bin = scratch_path(state, "bin"), *tool = scratch_path(state, "bin/launchctl");
    char *asked = scratch_path(state, "asked"), *old = mem_strdup(getenv("PATH"));
    char *path = mem_printf("%s:%s", bin, old);
    char *agent = scratch_path(state, "Library/LaunchAgents/docktether.my-lab.plist");
    char *script = mem_printf("#!/bin/sh\necho \"$1 ${2%%%%/*}\" >>'%s'\n", asked), text[200] = "";
    struct profile *p = profile_new("my-lab");

    mkdir(bin, 0700);
    scratch_write(tool, script, 0700);
    setenv("PATH", path, 1);
    assert_int_equal(launchd.enabled("my-lab"), LOGIN_NO);
    assert_int_equal(launchd.enable(p, &e), 0);
    assert_int_equal(launchd.enabled("my-lab"), LOGIN_START);
    assert_int_equal(scratch_mode(agent), 0644);
    assert_int_equal(launchd.disable("my-lab", &e), 0);
    assert_int_equal(launchd.enabled("my-lab"), LOGIN_NO);
    int fd = open(asked, O_RDONLY);
    assert_true(read(fd, text, sizeof text - 1) > 0);
    close(fd);
    assert_string_equal(text, "bootout gui\nbootstrap gui\nbootout gui\n");
    setenv("PATH", old, 1);
    profile_free(p);
    free(script);
    free(agent);
    free(path);
    free(old);
    free(asked);
    free(tool);
    free(bin);
}

/* ---- cgroups ------------------------------------------------------------------ */

static void unit_is(const char *cgroups, const char *want)
{
    char *unit = service_unit_of(cgroups);

    if (want == NULL)
        assert_null(unit);
    else
        assert_string_equal(unit, want);
    free(unit);
}

static void a_unit_is_known_by_its_cgroup(void **state)
{
    (void)state;
    unit_is("0::/user.slice/user-1000.slice/user@1000.service/app.slice/docktether@a\\x2db.service\n",
            "docktether@a\\x2db.service");
    unit_is("9:name=systemd:/app.slice/docktether@lab.service\n8:pids:/\n0::/\n", "docktether@lab.service");
    unit_is("0::/app.slice/_cgroup.service", "cgroup.service");
    unit_is("8:pids:/x.service\n0::/user.slice/session-1.scope\n", NULL);
    unit_is("0::/user@1000.service/app.slice/vte-1.scope\n", NULL);
    unit_is("", NULL);
    unit_is("0::/.service", NULL);
}

/* ---- the environment ------------------------------------------------------------ */

static void set_number(const char *name, long n)
{
    char text[24];

    snprintf(text, sizeof text, "%ld", n);
    setenv(name, text, 1);
}

static void nothing_is_managed_by_nobody(void **state)
{
    struct service s;

    (void)state;
    assert_int_equal(service_take(&s, "/x", NULL), 0);
    assert_false(s.managed);
    assert_int_equal(s.sock, -1);
    assert_null(notify_new(NULL, &s));
    assert_null(notify_new(NULL, NULL));
    assert_true(service_tell(&s, "READY=1"));
    service_clear(&s);
}

static void what_is_for_another_process_is_let_go(void **state)
{
    struct service s;

    (void)state;
    setenv("LISTEN_FDS", "1", 1);
    setenv("LISTEN_PID", "1", 1);
    setenv("WATCHDOG_USEC", "5000000", 1);
    setenv("WATCHDOG_PID", "1", 1);
    assert_int_equal(service_take(&s, "/x", NULL), 0);
    assert_false(s.managed);
    assert_int_equal(s.watchdog_ms, 0);
    assert_null(getenv("LISTEN_FDS"));
    assert_null(getenv("LISTEN_PID"));
    assert_null(getenv("WATCHDOG_USEC"));
    service_clear(&s);
}

static void nonsense_is_an_error(void **state)
{
    static const char *const counts[] = { "-1", "x", "1x", "", "99999999999999999999", "65" };
    struct service s;

    (void)state;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        struct err e = ERR_INIT;
        setenv("LISTEN_FDS", counts[i], 1);
        set_number("LISTEN_PID", getpid());
        assert_int_equal(service_take(&s, "/x", &e), -1);
        assert_string_equal(e.layer, "socket activation");
        assert_int_equal(s.sock, -1);
        service_clear(&s);
    }
}

/* A manager of ours at the path; its socket. */
static int manager(const char *path)
{
    struct sockaddr_un sa = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

    snprintf(sa.sun_path, sizeof sa.sun_path, "%s", path);
    assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof sa), 0);
    return fd;
}

static void hears(int fd, const char *want)
{
    char text[1024];
    ssize_t n = recv(fd, text, sizeof text - 1, 0);

    assert_true(n >= 0);
    text[n] = '\0';
    assert_string_equal(text, want);
}

static void the_manager_is_told_and_never_waited_for(void **state)
{
    struct service s;
    char *path = scratch_path(state, "notify");
    int fd = manager(path), sent = 0;

    setenv("NOTIFY_SOCKET", path, 1);
    setenv("WATCHDOG_USEC", "3000000", 1);
    assert_int_equal(service_take(&s, "/x", NULL), 0);
    assert_true(s.managed);
    assert_int_equal(s.watchdog_ms, 3000);
    assert_null(getenv("NOTIFY_SOCKET"));
    assert_true(service_tell(&s, "READY=1\n"));
    hears(fd, "READY=1\n");
    while (sent < 100000 && service_tell(&s, "WATCHDOG=1\n"))
        sent++;
    assert_true(sent < 100000); /* its queue is full, and we are still here */
    service_clear(&s);
    close(fd);
    free(path);
}

/* What it does not take at first it gets once there is room: the last state, and READY. */
static void what_does_not_fit_is_told_later(void **state)
{
    struct service s;
    struct profile *p = profile_new("lab");
    struct status st;
    uv_loop_t loop;
    char *path = scratch_path(state, "later"), sink[64];
    int fd = manager(path), filled = 0;

    p->host = mem_strdup("h");
    profile_finish(p, NULL);
    mem_replace(&p->user, "u");
    setenv("NOTIFY_SOCKET", path, 1);
    assert_int_equal(service_take(&s, "/x", NULL), 0);
    assert_int_equal(uv_loop_init(&loop), 0);
    struct notify *n = notify_new(&loop, &s);
    while (service_tell(&s, "x"))
        filled++;
    status_init(&st);
    st.state = STATE_CONNECTING;
    notify_status(n, &st, p);
    notify_ready(n);
    st.state = STATE_SERVING;
    notify_status(n, &st, p);
    while (filled-- > 0)
        assert_true(recv(fd, sink, sizeof sink, 0) == 1);
    struct deadline d = deadline_in(5000);
    struct timespec nap = { .tv_nsec = 10000000 };
    char text[200] = "";
    while (recv(fd, text, sizeof text - 1, 0) < 0 && deadline_left(d) > 0) {
        uv_run(&loop, UV_RUN_NOWAIT);
        nanosleep(&nap, NULL);
    }
    assert_string_equal(text, "READY=1\nSTATUS=serving ssh://u@h\n");
    notify_ready(n); /* once is enough */
    st.state = STATE_CLOSING;
    notify_status(n, &st, p);
    hears(fd, "STOPPING=1\nSTATUS=closing\n");
    notify_close(n);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    profile_free(p);
    service_clear(&s);
    close(fd);
    free(path);
}

static void other_addresses_are_nobody(void **state)
{
    static const char *const addresses[] = { "", "/", "@", "relative", "vsock:2:1" };
    struct service s;

    (void)state;
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        setenv("NOTIFY_SOCKET", addresses[i], 1);
        assert_int_equal(service_take(&s, "/x", NULL), 0);
        assert_int_equal(s.notify, -1);
        service_clear(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_escaped),
        cmocka_unit_test(programs_are_quoted_where_they_must_be),
        cmocka_unit_test(no_placeholder_is_left),
        cmocka_unit_test(an_agent_is_written_loaded_and_removed),
        cmocka_unit_test(a_unit_is_known_by_its_cgroup),
        cmocka_unit_test(nothing_is_managed_by_nobody),
        cmocka_unit_test(what_is_for_another_process_is_let_go),
        cmocka_unit_test(nonsense_is_an_error),
        cmocka_unit_test(the_manager_is_told_and_never_waited_for),
        cmocka_unit_test(what_does_not_fit_is_told_later),
        cmocka_unit_test(other_addresses_are_nobody),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
