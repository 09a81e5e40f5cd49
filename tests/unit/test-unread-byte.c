/* unread-byte: every byte once, and a cut that shows. */
#include "relay/unread-byte.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

struct pair {
    int client, ours;
    struct unread_byte unread;
};

static int open_pair(void **state)
{
    static struct pair p;
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    p = (struct pair){ .client = fds[0], .ours = fds[1] };
    *state = &p;
    return 0;
}

static int close_pair(void **state)
{
    struct pair *p = *state;

    close(p->client);
    if (p->ours >= 0)
        close(p->ours);
    return 0;
}

static void say(struct pair *p, const char *text)
{
    assert_int_equal(send(p->client, text, strlen(text), 0), strlen(text));
}

static void expect(struct pair *p, size_t room, const char *text)
{
    char buf[64], *start;

    ssize_t n = unread_byte_read(&p->unread, p->ours, buf, sizeof buf, room, &start);
    assert_int_equal(n, strlen(text));
    assert_memory_equal(start, text, strlen(text));
}

/* Ours is closed: what the client reads then. */
static ssize_t end_of(struct pair *p, int *error)
{
    char byte;

    close(p->ours);
    p->ours = -1;
    ssize_t n = recv(p->client, &byte, 1, MSG_DONTWAIT);
    *error = n < 0 ? errno : 0;
    return n;
}

static void each_byte_is_handed_out_once(void **state)
{
    struct pair *p = *state;

    expect(p, 10, "");
    say(p, "hello");
    expect(p, 10, "hello");
    expect(p, 10, "");
    say(p, "x");
    assert_int_equal(unread_byte_waiting(&p->unread, p->ours), 1);
    expect(p, 10, "x");
    say(p, "yz");
    expect(p, 1, "y");
    expect(p, 1, "z");
    expect(p, 1, "");
    assert_int_equal(unread_byte_waiting(&p->unread, p->ours), 0);
}

static void a_small_buffer_takes_it_in_parts(void **state)
{
    struct pair *p = *state;
    char buf[4], *start, got[64];
    size_t len = 0;
    ssize_t n;

    say(p, "a");
    expect(p, 64, "a");
    say(p, "0123456789");
    say(p, "abcdefghij");
    while ((n = unread_byte_read(&p->unread, p->ours, buf, sizeof buf, 64, &start)) > 0) {
        assert_true(n <= (ssize_t)sizeof buf);
        memcpy(got + len, start, (size_t)n);
        len += (size_t)n;
    }
    assert_int_equal(n, 0);
    assert_int_equal(len, 20);
    assert_memory_equal(got, "0123456789abcdefghij", 20);
}

static void no_room_takes_nothing(void **state)
{
    struct pair *p = *state;

    say(p, "a");
    expect(p, 0, "");
    assert_int_equal(unread_byte_waiting(&p->unread, p->ours), 1);
    expect(p, 1, "a");
}

static void a_megabyte_at_random_arrives_whole(void **state)
{
    struct pair *p = *state;
    char buf[977], *start;
    uint32_t seed = 1, seen = 0, written = 0;

    while (seen < 1 << 20) {
        unsigned char chunk[1500];
        seed = seed * 1664525 + 1013904223;
        size_t len = 1 + (seed >> 16) % sizeof chunk;
        for (size_t i = 0; i < len; i++)
            chunk[i] = (unsigned char)((written + i) * 7);
        ssize_t sent = send(p->client, chunk, len, MSG_DONTWAIT);
        if (sent > 0)
            written += (uint32_t)sent;
        size_t room = 1 + (seed >> 8) % 1200;
        ssize_t n = unread_byte_read(&p->unread, p->ours, buf, sizeof buf, room, &start);
        assert_true(n >= 0 && (size_t)n <= room);
        for (ssize_t i = 0; i < n; i++, seen++)
            assert_int_equal((unsigned char)start[i], (unsigned char)(seen * 7));
    }
}

/* A read ends where a descriptor was passed; the bytes go on. */
static void passed_descriptors_lose_no_byte(void **state)
{
    struct pair *p = *state;
    char space[CMSG_SPACE(sizeof(int))] = { 0 };
    struct iovec iov = { .iov_base = (char *)(uintptr_t) "q", .iov_len = 1 };
    struct msghdr m = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space
    };
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);

    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(c), &p->client, sizeof(int));
    assert_int_equal(sendmsg(p->client, &m, 0), 1);
    expect(p, 10, "q");
    say(p, "rst");
    expect(p, 10, "rst");
    assert_int_equal(sendmsg(p->client, &m, 0), 1);
    say(p, "uv");
    char buf[64], *start, got[8] = "";
    ssize_t n;
    while ((n = unread_byte_read(&p->unread, p->ours, buf, sizeof buf, 10, &start)) > 0)
        strncat(got, start, (size_t)n);
    assert_string_equal(got, "quv");
}

static void a_cut_shows_and_an_end_is_an_end(void **state)
{
    struct pair *p = *state;
    int error;

    say(p, "request");
    expect(p, 10, "request");
    assert_int_equal(end_of(p, &error), -1);
    assert_int_equal(error, ECONNRESET);
    close_pair(state);
    open_pair(state);
    say(p, "request");
    expect(p, 10, "request");
    unread_byte_take(&p->unread, p->ours);
    unread_byte_take(&p->unread, p->ours);
    assert_int_equal(end_of(p, &error), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_byte_is_handed_out_once, open_pair, close_pair),
        cmocka_unit_test_setup_teardown(a_small_buffer_takes_it_in_parts, open_pair, close_pair),
        cmocka_unit_test_setup_teardown(no_room_takes_nothing, open_pair, close_pair),
        cmocka_unit_test_setup_teardown(a_megabyte_at_random_arrives_whole, open_pair, close_pair),
        cmocka_unit_test_setup_teardown(passed_descriptors_lose_no_byte, open_pair, close_pair),
        cmocka_unit_test_setup_teardown(a_cut_shows_and_an_end_is_an_end, open_pair, close_pair),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
