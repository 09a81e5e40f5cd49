/* The count of a window that libssh 0.11 and newer keep for themselves: libssh's side of it,
 * imitated, beside ours. */
#include "ssh/window-grant.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define MB (1024u * 1024)
#define PACKET 32768u

/* A channel as channels.c of 0.11.5 has it, and the server at its other end. */
struct peer {
    uint32_t local, buffered, granted;
    uint32_t may; /* the server's view of the window: it sees each grant at once */
    struct window_grant g;
};

static struct peer begin(void)
{
    return (struct peer){ .local = WINDOW_GRANT_LIBSSH, .may = WINDOW_GRANT_LIBSSH, .g = WINDOW_GRANT_INIT };
}

static void libssh_grows(struct peer *p, uint32_t told)
{
    uint32_t used = p->local + told;
    uint32_t more = WINDOW_GRANT_LIBSSH > used ? WINDOW_GRANT_LIBSSH - used : 0;

    p->granted = 0;
    if (more < WINDOW_GRANT_LIBSSH / 2)
        return;
    p->local += more;
    p->may += more;
    p->granted = more;
}

/* n bytes arrive, and the callback leaves `leaves` of what waits; size is the policy's wish. */
static void data(struct peer *p, uint32_t n, uint32_t leaves, uint32_t size)
{
    assert_true(n <= p->may && n <= p->local);
    p->may -= n;
    p->local -= n;
    p->buffered += n;
    window_grant_arrived(&p->g, p->buffered);
    if (leaves == p->buffered)
        return;
    uint32_t told = window_grant_wish(&p->g, leaves, size);
    bool ours = window_grant_left(&p->g, leaves, told);
    p->buffered = leaves;
    libssh_grows(p, told);
    assert_int_equal(ours, p->granted > 0);
}

static void stderr_data(struct peer *p, uint32_t n)
{
    p->may -= n;
    p->local -= n;
    window_grant_stderr(&p->g, n);
    libssh_grows(p, p->buffered);
}

static void reads(struct peer *p, uint32_t n)
{
    p->buffered -= n;
    window_grant_read(&p->g, n);
    if (n > 0)
        libssh_grows(p, p->buffered);
}

static void it_grows_to_what_is_wanted_and_no_further(void **state)
{
    struct peer p = begin();

    (void)state;
    for (int i = 0; i < 100; i++) {
        data(&p, PACKET, 0, 16 * MB);
        assert_int_equal(p.g.local, p.local);
        assert_true(p.local <= 16 * MB);
    }
    assert_true(p.local > 15 * MB - PACKET);
}

static void the_usual_window_is_left_to_libssh(void **state)
{
    struct peer p = begin();

    (void)state;
    for (int i = 0; i < 1000; i++) {
        data(&p, PACKET, 0, WINDOW_GRANT_LIBSSH);
        assert_true(p.local <= WINDOW_GRANT_LIBSSH);
        assert_true(p.local >= WINDOW_GRANT_LIBSSH / 2 - PACKET);
    }
}

static void a_wish_that_shrinks_takes_nothing_back(void **state)
{
    struct peer p = begin();

    (void)state;
    for (int i = 0; i < 100; i++)
        data(&p, PACKET, 0, 16 * MB);
    uint32_t before = p.local;
    data(&p, PACKET, 0, 4 * MB);
    assert_int_equal(p.granted, 0);
    assert_int_equal(p.local, before - PACKET);
    for (int i = 0; i < 1000; i++)
        data(&p, PACKET, 0, 4 * MB);
    assert_true(p.local <= 4 * MB);
}

static void what_waits_counts(void **state)
{
    struct peer p = begin();

    (void)state;
    for (int i = 0; i < 200; i++)
        data(&p, PACKET, 0, 16 * MB);
    /* The reader takes one packet in two: what waits and what may come is never more. */
    uint32_t took = 0;
    for (int i = 0; p.may >= PACKET && i < 10000; i++, took += i % 2 ? 0 : PACKET) {
        data(&p, PACKET, i % 2 ? p.buffered + PACKET : p.buffered, 16 * MB);
        assert_true((uint64_t)p.buffered + p.local <= 16 * MB);
    }
    assert_true(p.buffered > 15 * MB);
    reads(&p, p.buffered);
    assert_int_equal(p.g.local, p.local);
    assert_true(p.local >= WINDOW_GRANT_LIBSSH / 2);
}

/* The same every time. */
static uint32_t some(uint32_t *seed, uint32_t below)
{
    *seed = *seed * 1664525u + 1013904223u;
    return below > 0 ? (uint32_t)(((uint64_t)*seed * below) >> 32) : 0;
}

static void the_count_is_libsshs_whatever_comes(void **state)
{
    uint32_t seed = 14;

    (void)state;
    for (int channel = 0; channel < 50; channel++) {
        struct peer p = begin();
        for (int i = 0; i < 5000; i++) {
            uint32_t n = some(&seed, p.may < PACKET ? p.may + 1 : PACKET + 1);
            uint32_t size = WINDOW_GRANT_LIBSSH + some(&seed, 14 * MB);
            switch (some(&seed, 8)) {
            case 0:
                stderr_data(&p, n);
                break;
            case 1:
                reads(&p, some(&seed, p.buffered + 1));
                break;
            case 2: /* paused */
                data(&p, n, p.buffered + n, size);
                break;
            default:
                data(&p, n, some(&seed, p.buffered + n + 1), size);
            }
            assert_int_equal(p.g.local, p.local);
            assert_int_equal(p.g.waiting, p.buffered);
            assert_int_equal(p.may, p.local);
            assert_true((uint64_t)p.local + p.buffered <= 16 * MB + PACKET);
        }
    }
}

static void a_count_that_went_wrong_wants_nothing(void **state)
{
    struct window_grant g = { .local = -1 };

    (void)state;
    assert_int_equal(window_grant_wish(&g, 7, 16 * MB), 7);
}

/* Ours is wrong by `off`: libssh grants at most what was wanted and that much, and at half of
 * its own window by itself. */
static void a_wrong_count_is_no_deadlock(void **state)
{
    static const int64_t wrong[] = { -700000, -1, 1, 700000, 3 * (int64_t)MB };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct peer p = begin();
        p.g.local += wrong[i];
        for (int k = 0; k < 2000; k++) {
            window_grant_arrived(&p.g, PACKET);
            p.local -= PACKET;
            uint32_t told = window_grant_wish(&p.g, 0, 16 * MB);
            (void)window_grant_left(&p.g, 0, told);
            libssh_grows(&p, told);
            assert_true(p.local >= PACKET);
            assert_true(p.local <= 16 * MB + 700000);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_grows_to_what_is_wanted_and_no_further),
        cmocka_unit_test(the_usual_window_is_left_to_libssh),
        cmocka_unit_test(a_wish_that_shrinks_takes_nothing_back),
        cmocka_unit_test(what_waits_counts),
        cmocka_unit_test(the_count_is_libsshs_whatever_comes),
        cmocka_unit_test(a_count_that_went_wrong_wants_nothing),
        cmocka_unit_test(a_wrong_count_is_no_deadlock),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
