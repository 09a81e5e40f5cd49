/* A tether's place, handed from one process to another over a socket pair. */
#include "base/thread.h"
#include "base/time.h"
#include "control/handover.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define HELD 130 /* more than two messages carry */
#define ENDS 3
#define LONG_MS 60000

static int file_with(char byte)
{
    int fds[2];

    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    assert_int_equal(write(fds[1], &byte, 1), 1);
    close(fds[1]);
    return fds[0];
}

static struct handover *offer(int with_sock)
{
    struct handover *s = calloc(1, sizeof *s);

    handover_init(s);
    s->lock = file_with('L');
    if (with_sock)
        s->sock = file_with('S');
    for (size_t i = 0; i < HELD; i++)
        s->held[i] = file_with((char)('0' + i % 10));
    for (size_t i = 0; i < ENDS; i++)
        s->ends[i] = file_with((char)('a' + i));
    s->held_count = HELD;
    s->ends_count = ENDS;
    return s;
}

static void discard(struct handover *s)
{
    handover_clear(s);
    free(s);
}

static bool open_still(const struct handover *s)
{
    size_t open = 0;

    for (size_t i = 0; i < s->held_count; i++)
        open += fcntl(s->held[i], F_GETFD) >= 0;
    for (size_t i = 0; i < s->ends_count; i++)
        open += fcntl(s->ends[i], F_GETFD) >= 0;
    return open == HELD + ENDS && fcntl(s->lock, F_GETFD) >= 0 && fcntl(s->sock, F_GETFD) >= 0;
}

static void make_pair(int pair[2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
}

static char byte_of(int fd)
{
    char byte = 0;

    return read(fd, &byte, 1) == 1 ? byte : 0;
}

/* The old process's side until it is over. */
static enum handover_result give_all(int fd, struct handover *s)
{
    for (;;) {
        enum handover_result r = handover_give(fd, s);
        if (r != HANDOVER_READ && r != HANDOVER_WRITE)
            return r;
        struct pollfd p = { .fd = fd, .events = r == HANDOVER_READ ? POLLIN : POLLOUT };
        assert_int_equal(poll(&p, 1, LONG_MS), 1);
    }
}

struct successor {
    pthread_t thread;
    int conn;
    int rc;
    struct handover s;
    struct err e;
};

static void *succeed(void *arg)
{
    struct successor *n = arg;

    n->rc = handover_receive(n->conn, &n->s, deadline_in(LONG_MS), &n->e);
    return NULL;
}

static void passes(int with_sock)
{
    struct successor *n = calloc(1, sizeof *n);
    struct handover *s = offer(with_sock);
    int pair[2];

    make_pair(pair);
    n->conn = pair[1];
    assert_int_equal(thread_start(&n->thread, succeed, n), 0);
    assert_int_equal(give_all(pair[0], s), HANDOVER_DONE);
    pthread_join(n->thread, NULL);
    assert_int_equal(n->rc, 0);
    assert_int_equal(n->s.held_count, HELD);
    assert_int_equal(n->s.ends_count, ENDS);
    for (size_t i = 0; i < HELD; i++)
        assert_int_equal(byte_of(n->s.held[i]), '0' + (int)(i % 10));
    for (size_t i = 0; i < ENDS; i++)
        assert_int_equal(byte_of(n->s.ends[i]), 'a' + (int)i);
    assert_int_equal(byte_of(n->s.lock), 'L');
    assert_int_equal(n->s.sock >= 0, with_sock);
    if (with_sock)
        assert_int_equal(byte_of(n->s.sock), 'S');
    handover_clear(&n->s);
    free(n);
    discard(s);
    close(pair[0]);
    close(pair[1]);
}

static void everything_arrives(void **state)
{
    (void)state;
    passes(1);
}

static void a_profile_without_a_socket_is_handed_over(void **state)
{
    (void)state;
    passes(0);
}

static void a_successor_that_stops_gets_nothing(void **state)
{
    struct handover *s = offer(1);
    int pair[2];

    (void)state;
    make_pair(pair);
    /* Everything but the lock is in the queue, and nobody reads it. */
    assert_int_equal(handover_give(pair[0], s), HANDOVER_READ);
    assert_int_equal(handover_give(pair[0], s), HANDOVER_READ);
    assert_true(open_still(s));
    close(pair[1]);
    assert_int_equal(handover_give(pair[0], s), HANDOVER_FAILED);
    assert_true(open_still(s));
    discard(s);
    close(pair[0]);
}

static void a_successor_that_is_gone_gets_nothing(void **state)
{
    struct handover *s = offer(1);
    int pair[2];

    (void)state;
    make_pair(pair);
    close(pair[1]);
    assert_int_equal(handover_give(pair[0], s), HANDOVER_FAILED);
    assert_true(open_still(s));
    discard(s);
    close(pair[0]);
}

/* It acknowledged and did not live to see the answer, or has given up waiting. */
static void an_acknowledgement_alone_is_not_enough(void **state)
{
    struct handover *s = offer(1);
    int pair[2];

    (void)state;
    make_pair(pair);
    assert_int_equal(handover_give(pair[0], s), HANDOVER_READ);
    assert_int_equal(send(pair[1], "k", 1, 0), 1);
    assert_int_equal(shutdown(pair[1], SHUT_RD), 0);
    assert_int_equal(handover_give(pair[0], s), HANDOVER_FAILED);
    assert_true(open_still(s));
    discard(s);
    close(pair[0]);
    close(pair[1]);
}

static void another_byte_is_no_acknowledgement(void **state)
{
    struct handover *s = offer(1);
    int pair[2];

    (void)state;
    make_pair(pair);
    assert_int_equal(handover_give(pair[0], s), HANDOVER_READ);
    assert_int_equal(send(pair[1], "{", 1, 0), 1);
    assert_int_equal(handover_give(pair[0], s), HANDOVER_FAILED);
    discard(s);
    close(pair[0]);
    close(pair[1]);
}

/* The successor's side alone, in a process with few descriptors: 0 when it refused, and
 * said why. */
static int receive_with_few(int conn)
{
    const struct rlimit few = { 64, 64 };
    struct handover *s = calloc(1, sizeof *s);
    struct err e = ERR_INIT;

    if (setrlimit(RLIMIT_NOFILE, &few) != 0)
        return 2;
    /* The offer itself was inherited. */
    for (int fd = 3; fd < 1024; fd++)
        if (fd != conn)
            close(fd);
    int rc = handover_receive(conn, s, deadline_in(LONG_MS), &e);
    bool empty = s->lock < 0 && s->sock < 0 && s->held_count == 0 && s->ends_count == 0;
    free(s);
    return rc == -1 && empty && strstr(e.msg, "descriptors") != NULL ? 0 : 1;
}

static void too_few_descriptors_lose_no_client(void **state)
{
    struct handover *s = offer(1);
    int pair[2], status = -1;

    (void)state;
    make_pair(pair);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(receive_with_few(pair[1]));
    close(pair[1]);
    assert_int_equal(give_all(pair[0], s), HANDOVER_FAILED);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_true(open_still(s));
    discard(s);
    close(pair[0]);
}

static void receives_nothing(const char *text)
{
    struct handover *s = calloc(1, sizeof *s);
    struct err e = ERR_INIT;
    int pair[2];

    make_pair(pair);
    assert_int_equal(send(pair[0], text, strlen(text), 0), (ssize_t)strlen(text));
    shutdown(pair[0], SHUT_WR);
    assert_int_equal(handover_receive(pair[1], s, deadline_in(LONG_MS), &e), -1);
    assert_int_equal(e.code, ERR_FAILED);
    assert_true(s->lock < 0 && s->sock < 0);
    free(s);
    close(pair[0]);
    close(pair[1]);
}

static void what_is_no_hand_over_is_refused(void **state)
{
    (void)state;
    receives_nothing("");
    receives_nothing("{\"ok\":true}");
    receives_nothing("{\"ok\":true}\n");
    receives_nothing("{\"ok\":true}\n.");
    receives_nothing("{\"ok\":true}\nx");
    receives_nothing("{\"ok\":true}\n.k");
    receives_nothing("{\"ok\":false,\"error\":{\"code\":1,\"layer\":\"\",\"message\":\"no\"}}\n");
    receives_nothing("no JSON\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_arrives),
        cmocka_unit_test(a_profile_without_a_socket_is_handed_over),
        cmocka_unit_test(a_successor_that_stops_gets_nothing),
        cmocka_unit_test(a_successor_that_is_gone_gets_nothing),
        cmocka_unit_test(an_acknowledgement_alone_is_not_enough),
        cmocka_unit_test(another_byte_is_no_acknowledgement),
        cmocka_unit_test(too_few_descriptors_lose_no_client),
        cmocka_unit_test(what_is_no_hand_over_is_refused),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("handover", tests, NULL, NULL);
}
