/* The channels that were given up: none is asked too often, none is forgotten. */
#include "ssh/closing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define MANY 300

struct thing {
    struct closing closing;
    enum closing_state next; /* that the next step gives */
    int asked, stepped;
    bool destroyed;
};

static struct thing *thing_of(struct closing *c)
{
    return (struct thing *)(void *)((char *)c - offsetof(struct thing, closing));
}

static enum closing_state step(struct closing *c, bool probe)
{
    struct thing *t = thing_of(c);

    t->stepped++;
    t->asked += probe;
    return t->next;
}

static void destroy(struct closing *c)
{
    assert_false(thing_of(c)->destroyed);
    thing_of(c)->destroyed = true;
}

static void add(struct closings *cs, struct thing *t, enum closing_state state)
{
    t->closing = (struct closing){ .step = step, .destroy = destroy };
    t->next = state;
    closings_add(cs, &t->closing);
    t->asked = t->stepped = 0;
}

static void test_asked_in_turn(void **state)
{
    struct closings cs = { .opening = 0 };
    struct thing things[MANY] = { { .asked = 0 } };
    int asked = 0;

    (void)state;
    for (size_t i = 0; i < MANY; i++)
        add(&cs, &things[i], CLOSING_OPENING);
    assert_int_equal(cs.opening, MANY);
    closings_step(&cs);
    for (size_t i = 0; i < MANY; i++)
        asked += things[i].asked;
    assert_int_equal(asked, 2);
    assert_int_equal(things[0].asked, 1);
    assert_int_equal(things[1].asked, 1);
    for (int i = 1; i < MANY / 2; i++)
        closings_step(&cs);
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(things[i].asked, 1);
    /* The answer is seen without being asked for. */
    things[MANY - 1].next = CLOSING_DONE;
    closings_step(&cs);
    assert_true(things[MANY - 1].destroyed);
    assert_int_equal(cs.opening, MANY - 1);
    closings_clear(&cs);
    for (size_t i = 0; i < MANY; i++)
        assert_true(things[i].destroyed);
}

static void test_quiet(void **state)
{
    struct closings cs = { .opening = 0 };
    struct thing a = { .asked = 0 }, b = { .asked = 0 }, c = { .asked = 0 };

    (void)state;
    add(&cs, &a, CLOSING_BUSY);
    add(&cs, &b, CLOSING_QUIET);
    add(&cs, &c, CLOSING_DONE);
    assert_true(c.destroyed);
    assert_int_equal(cs.waiting, 1);
    closings_step(&cs);
    assert_int_equal(a.stepped, 1);
    assert_int_equal(b.stepped, 0);
    a.next = CLOSING_QUIET;
    closings_step(&cs);
    closings_step(&cs);
    assert_int_equal(a.stepped, 2);
    assert_int_equal(cs.waiting, 2);
    b.next = CLOSING_DONE;
    closing_news(&cs, &b.closing);
    closing_news(&cs, &b.closing);
    closings_step(&cs);
    assert_true(b.destroyed);
    assert_false(a.destroyed);
    assert_int_equal(cs.waiting, 1);
    closings_clear(&cs);
    assert_true(a.destroyed);
    closings_step(&cs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_asked_in_turn),
        cmocka_unit_test(test_quiet),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("closing", tests, NULL, NULL);
}
