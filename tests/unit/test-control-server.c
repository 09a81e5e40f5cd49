/* The control socket of a tether, spoken to as clients do. */
#include "scratch.h"

#include "base/time.h"
#include "base/unixsock.h"
#include "control/handover.h"
#include "tether/control-server.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <cmocka.h>

#define LONG_MS 60000

struct server {
    uv_loop_t loop;
    struct control_server *control;
    char *path;
    unsigned ups, stops, offers, replaced, kept;
};

static json_t *status(void *user)
{
    (void)user;
    return json_object();
}

static void retry(void *user, bool keep)
{
    struct server *t = user;

    (void)keep;
    t->ups++;
}

static int stop(void *user, bool force, struct err *e)
{
    struct server *t = user;

    (void)force;
    t->stops++;
    return err_set(e, ERR_FAILED, "", "not now");
}

static int replace(void *user, struct handover *s, struct err *e)
{
    struct server *t = user;

    (void)e;
    t->offers++;
    s->lock = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return 0;
}

static void replaced(void *user)
{
    struct server *t = user;

    t->replaced++;
}

static void kept(void *user, struct handover *s)
{
    struct server *t = user;

    (void)s;
    t->kept++;
}

static void stream(void *user, int fd, const char *host, int64_t port)
{
    (void)user;
    (void)host;
    (void)port;
    close(fd);
}

static void begin(void **state, struct server *t)
{
    const struct control_server_owner owner = { .status = status,
                                                .retry = retry,
                                                .stop = stop,
                                                .replace = replace,
                                                .replaced = replaced,
                                                .kept = kept,
                                                .stream = stream,
                                                .user = t };

    memset(t, 0, sizeof *t);
    t->path = scratch_path(state, "ctl");
    int fd = unixsock_listen(t->path, NULL);
    assert_true(fd >= 0);
    assert_int_equal(uv_loop_init(&t->loop), 0);
    t->control = control_server_new(&t->loop, fd, NULL, &owner);
    assert_non_null(t->control);
}

static void end(struct server *t)
{
    control_server_close(t->control);
    uv_run(&t->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&t->loop), 0);
    free(t->path);
}

static int client(struct server *t, const char *text)
{
    int fd = unixsock_try_connect(t->path);

    assert_true(fd >= 0);
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
    return fd;
}

/* Turns the loop until something has come from fd: its text, "" for an end of file. */
static const char *answer(struct server *t, int fd, char *buf, size_t size)
{
    const struct deadline d = deadline_in(LONG_MS);
    ssize_t n;

    while ((n = recv(fd, buf, size - 1, MSG_DONTWAIT)) < 0 && errno == EAGAIN && deadline_left(d) > 0)
        uv_run(&t->loop, UV_RUN_NOWAIT);
    assert_true(n >= 0);
    buf[n] = '\0';
    return buf;
}

/* The loop has seen everything that was sent before. */
static void settle(struct server *t)
{
    for (int i = 0; i < 20; i++)
        uv_run(&t->loop, UV_RUN_NOWAIT);
}

static void one_request_is_one_connection(void **state)
{
    struct server t;
    char buf[512];

    begin(state, &t);
    int fd = client(&t, "{\"op\":\"up\"}\n");
    settle(&t);
    assert_int_equal(t.ups, 1);
    /* While it waits nothing else is its request, at once or later. */
    assert_int_equal(send(fd, "{\"op\":\"down\"}\n", 14, MSG_NOSIGNAL), 14);
    settle(&t);
    int both = client(&t, "{\"op\":\"up\"}\n{\"op\":\"down\"}\n");
    settle(&t);
    assert_int_equal(t.ups, 2);
    assert_int_equal(t.stops, 0);
    control_server_answer(t.control, NULL);
    assert_string_equal(answer(&t, fd, buf, sizeof buf), "{\"ok\":true}\n");
    assert_string_equal(answer(&t, both, buf, sizeof buf), "{\"ok\":true}\n");
    assert_string_equal(answer(&t, fd, buf, sizeof buf), "");
    close(fd);
    close(both);
    end(&t);
}

/* More than are served at once; all of them silent at first, and nobody is closed. */
static void clients_beyond_the_limit_wait(void **state)
{
    enum { CLIENTS = 150 };
    int fds[CLIENTS];
    struct server t;
    char buf[512];

    begin(state, &t);
    for (int i = 0; i < CLIENTS; i++)
        fds[i] = client(&t, "");
    settle(&t);
    for (int i = 0; i < CLIENTS; i++)
        assert_int_equal(send(fds[i], "{\"op\":\"status\"}\n", 16, MSG_NOSIGNAL), 16);
    for (int i = CLIENTS - 1; i >= 0; i--) {
        assert_string_equal(answer(&t, fds[i], buf, sizeof buf), "{\"ok\":true,\"status\":{}}\n");
        close(fds[i]);
    }
    end(&t);
}

static void waiting_for_up_takes_no_place_of_a_request(void **state)
{
    enum { CLIENTS = 256 };
    int fds[CLIENTS];
    struct server t;
    char buf[512];

    begin(state, &t);
    for (int i = 0; i < CLIENTS; i++) {
        fds[i] = client(&t, "{\"op\":\"up\"}\n");
        settle(&t);
    }
    assert_int_equal(t.ups, CLIENTS);
    int fd = client(&t, "{\"op\":\"status\"}\n");
    assert_string_equal(answer(&t, fd, buf, sizeof buf), "{\"ok\":true,\"status\":{}}\n");
    close(fd);
    /* The next one is told why. */
    fd = client(&t, "{\"op\":\"up\"}\n");
    assert_non_null(strstr(answer(&t, fd, buf, sizeof buf), "too many clients wait"));
    close(fd);
    assert_int_equal(t.ups, CLIENTS);
    control_server_answer(t.control, NULL);
    for (int i = 0; i < CLIENTS; i++) {
        assert_string_equal(answer(&t, fds[i], buf, sizeof buf), "{\"ok\":true}\n");
        close(fds[i]);
    }
    end(&t);
}

static void a_successor_that_goes_away_leaves_all_as_it_was(void **state)
{
    struct server t;
    char buf[512];

    begin(state, &t);
    int fd = client(&t, "{\"op\":\"replace\"}\n");
    assert_string_equal(answer(&t, fd, buf, sizeof buf), "{\"ok\":true}\n.");
    assert_int_equal(t.offers, 1);
    close(fd);
    settle(&t);
    assert_int_equal(t.kept, 1);
    assert_int_equal(t.replaced, 0);
    /* It was none: its end is nobody's end. */
    assert_int_equal(t.stops, 0);
    end(&t);
    assert_int_equal(t.kept, 1);
}

static void a_hand_over_under_way_ends_with_the_server(void **state)
{
    struct server t;

    begin(state, &t);
    int fd = client(&t, "{\"op\":\"replace\"}\n");
    settle(&t);
    assert_int_equal(t.offers, 1);
    end(&t);
    assert_int_equal(t.kept, 1);
    close(fd);
}

static void the_end_of_a_successor_is_the_end(void **state)
{
    struct server t;
    char buf[512];

    begin(state, &t);
    int fd = client(&t, "{\"op\":\"replace\"}\n");
    (void)answer(&t, fd, buf, sizeof buf);
    assert_int_equal(send(fd, "k", 1, MSG_NOSIGNAL), 1);
    assert_string_equal(answer(&t, fd, buf, sizeof buf), "l");
    settle(&t);
    assert_int_equal(t.replaced, 1);
    /* Its connection is no request any more. */
    assert_int_equal(send(fd, "{\"op\":\"down\"}\n{\"op\":\"stream\"}\n", 30, MSG_NOSIGNAL), 30);
    settle(&t);
    assert_int_equal(t.stops, 0);
    close(fd);
    settle(&t);
    assert_int_equal(t.stops, 1);
    assert_int_equal(t.kept, 0);
    end(&t);
}

static void says(struct server *t, const char *request, const char *words)
{
    char buf[512];
    int fd = client(t, request);

    assert_non_null(strstr(answer(t, fd, buf, sizeof buf), words));
    close(fd);
}

static void nonsense_has_an_answer(void **state)
{
    struct server t;
    char *much = calloc(1, 5000);

    begin(state, &t);
    says(&t, "\n", "unknown request");
    says(&t, "{}\n", "unknown request");
    says(&t, "{\"op\":1}\n", "unknown request");
    says(&t, "{\"op\":\"status\",\"op\":\"down\"}\n", "unknown request");
    says(&t, "{\"op\":\"stream\",\"host\":\"h\",\"port\":0}\n", "needs a host and a port");
    memset(much, ' ', 4999);
    says(&t, much, "too long");
    free(much);
    assert_int_equal(t.stops, 0);
    end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_request_is_one_connection, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(clients_beyond_the_limit_wait, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(waiting_for_up_takes_no_place_of_a_request, scratch_setup,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(a_successor_that_goes_away_leaves_all_as_it_was, scratch_setup,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(a_hand_over_under_way_ends_with_the_server, scratch_setup,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(the_end_of_a_successor_is_the_end, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(nonsense_has_an_answer, scratch_setup, scratch_teardown),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("control-server", tests, NULL, NULL);
}
