/* The probe for the transport, before a fake server. */
#include "tether/transport-probe.h"

#include "base/mem.h"
#include "fake-channel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
    uv_loop_t loop;
    struct session *session;
    struct profile *profile;
    struct transport_probe *probe;
    bool dirty, done, worked;
    enum transport transport;
    char socket[200];
    struct err e;
};

static void on_dirty(void *user)
{
    struct fixture *f = user;

    f->dirty = true;
}

static void on_done(void *user, const struct transport_probe_result *result, const struct err *e)
{
    struct fixture *f = user;

    f->done = true;
    f->worked = result != NULL;
    if (result == NULL) {
        f->e = *e;
        return;
    }
    f->transport = result->transport;
    snprintf(f->socket, sizeof f->socket, "%s", result->socket != NULL ? result->socket : "");
}

static int set_up(void **state)
{
    struct fixture *f = mem_alloc(sizeof *f);

    *state = f;
    uv_loop_init(&f->loop);
    f->session = fake_session_new();
    f->profile = profile_new("lab");
    mem_replace(&f->profile->host, "server");
    mem_replace(&f->profile->user, "ops");
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    transport_probe_free(f->probe);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    fake_session_free(f->session);
    profile_free(f->profile);
    free(f);
    return 0;
}

static void step(struct fixture *f)
{
    do {
        f->dirty = false;
        transport_probe_step(f->probe);
    } while (f->dirty && !f->done);
}

static void start(struct fixture *f)
{
    const struct transport_probe_owner owner = { .dirty = on_dirty, .done = on_done, .user = f };

    f->probe = transport_probe_start(&f->loop, f->session, f->profile, &owner);
    step(f);
}

/* A command prints that and ends. */
static void command_ends(struct fixture *f, size_t i, const char *text, int status)
{
    fake_grant(fake_channel(f->session, i));
    step(f);
    fake_send(fake_channel(f->session, i), text);
    fake_channel(f->session, i)->ending.status = status;
    fake_end(fake_channel(f->session, i));
    step(f);
}

static void a_channel_that_opens_is_streamlocal(void **state)
{
    struct fixture *f = *state;

    start(f);
    fake_grant(fake_channel(f->session, 0));
    step(f);
    assert_true(f->worked);
    assert_int_equal(f->transport, TRANSPORT_STREAMLOCAL);
    struct channel *ready = transport_probe_take_channel(f->probe);
    assert_ptr_equal(ready, fake_channel(f->session, 0));
    channel_close(ready);
}

static void where_forwarding_is_refused_the_command_is_asked(void **state)
{
    struct fixture *f = *state;

    start(f);
    fake_refuse(fake_channel(f->session, 0), "open failed");
    step(f);
    command_ends(f, 1, "HTTP/1.1 200 OK\r\n\r\n", 0);
    assert_true(f->worked);
    assert_int_equal(f->transport, TRANSPORT_DIAL_STDIO);
}

/* As much as it likes, in pieces of any size. */
static void what_a_start_file_prints_does_not_hide_the_answer(void **state)
{
    static const size_t sizes[] = { 1, 100, 4094, 4095, 4096, 5000 };
    struct fixture *f = *state;
    char noise[5001];

    mem_replace(&f->profile->socket, PROFILE_AUTO_SOCKET);
    start(f);
    fake_grant(fake_channel(f->session, 0));
    step(f);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        memset(noise, 'x', sizes[i]);
        noise[sizes[i] - 1] = '\n';
        noise[sizes[i]] = '\0';
        fake_send(fake_channel(f->session, 0), noise);
    }
    command_ends(f, 0,
                 "docktether user ops\ndocktether groups ops\ndocktether absent /var/run/docker.sock\n"
                 "docktether usable /home/ops/docker.sock\n",
                 0);
    fake_grant(fake_channel(f->session, 1));
    step(f);
    assert_true(f->worked);
    assert_string_equal(f->socket, "/home/ops/docker.sock");
}

static void a_start_file_that_prints_into_the_stream_is_named(void **state)
{
    struct fixture *f = *state;

    f->profile->transport = TRANSPORT_DIAL_STDIO;
    start(f);
    command_ends(f, 0, "Welcome to server!\n", 0);
    /* What is with the socket, at last. */
    command_ends(f, 1, "docktether usable /var/run/docker.sock\n", 0);
    assert_true(f->done && !f->worked);
    assert_non_null(strstr(f->e.msg, "Welcome to server!"));
    assert_non_null(strstr(f->e.msg, "~/.bashrc"));
    assert_non_null(strstr(f->e.hint, "start file"));
}

#define PROBE_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROBE_TEST(a_channel_that_opens_is_streamlocal),
        PROBE_TEST(where_forwarding_is_refused_the_command_is_asked),
        PROBE_TEST(what_a_start_file_prints_does_not_hide_the_answer),
        PROBE_TEST(a_start_file_that_prints_into_the_stream_is_named),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
