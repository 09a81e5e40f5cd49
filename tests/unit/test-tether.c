/* The pure parts of a tether: its states, its backoff, its words for the remote shell. */
#include "base/mem.h"
#include "base/quote.h"
#include "engine/dial-command.h"
#include "store/profile.h"
#include "tether/backoff.h"
#include "tether/state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void every_pair_has_an_answer(void **state)
{
    (void)state;
    for (int s = 0; s < STATE_COUNT; s++) {
        assert_non_null(state_name((enum tether_state)s));
        for (int ev = 0; ev < EVENT_COUNT; ev++) {
            struct tether_step step = state_next((enum tether_state)s, (enum tether_event)ev);
            assert_in_range(step.next, 0, STATE_COUNT - 1);
            assert_in_range(step.action, ACTION_NONE, ACTION_COUNT - 1);
            assert_non_null(state_action_name(step.action));
            /* A table hole would read as {STATE_ASLEEP, ACTION_NONE}: nothing
             * but going to sleep leads there. */
            if (step.next == STATE_ASLEEP && s != STATE_ASLEEP)
                assert_int_equal(step.action, ACTION_SLEEP);
            if (step.next == STATE_CONNECTING && s != STATE_CONNECTING)
                assert_int_equal(step.action, ACTION_DIAL);
            /* Who changes the state has something to do. */
            if ((int)step.next != s)
                assert_int_not_equal(step.action, ACTION_NONE);
        }
    }
    for (int ev = 0; ev < EVENT_COUNT; ev++)
        assert_non_null(state_event_name((enum tether_event)ev));
}

static void stop_ends_it_from_everywhere(void **state)
{
    (void)state;
    for (int s = 0; s < STATE_COUNT; s++) {
        struct tether_step step = state_next((enum tether_state)s, EVENT_STOP);
        assert_int_equal(step.next, STATE_CLOSING);
        assert_int_equal(step.action, s == STATE_CLOSING ? ACTION_NONE : ACTION_CLOSE);
    }
}

static void nothing_leaves_closing(void **state)
{
    (void)state;
    for (int ev = 0; ev < EVENT_COUNT; ev++)
        assert_int_equal(state_next(STATE_CLOSING, (enum tether_event)ev).next, STATE_CLOSING);
    assert_int_equal(state_next(STATE_CLOSING, EVENT_CONNECTED).action, ACTION_DISCARD);
}

static void a_refused_key_waits_for_the_user(void **state)
{
    (void)state;
    assert_int_equal(state_next(STATE_CONNECTING, EVENT_REFUSED).next, STATE_FAILED);
    for (int ev = 0; ev < EVENT_COUNT; ev++)
        if (ev != EVENT_RETRY && ev != EVENT_STOP && ev != EVENT_REPLACED)
            assert_int_equal(state_next(STATE_FAILED, (enum tether_event)ev).next, STATE_FAILED);
    assert_int_equal(state_next(STATE_FAILED, EVENT_RETRY).action, ACTION_DIAL);
}

static void a_lost_session_comes_back(void **state)
{
    (void)state;
    assert_int_equal(state_next(STATE_SERVING, EVENT_LOST).action, ACTION_BACKOFF);
    assert_int_equal(state_next(STATE_WAITING, EVENT_TIMER).action, ACTION_DIAL);
    assert_int_equal(state_next(STATE_WAITING, EVENT_DEMAND).action, ACTION_DIAL);
    assert_int_equal(state_next(STATE_CONNECTING, EVENT_CONNECTED).action, ACTION_PROBE);
    assert_int_equal(state_next(STATE_PROBING, EVENT_PROBED).action, ACTION_SERVE);
}

/* What each state may become, and by what alone: written down once more, so that
 * a slip in the table does not pass. */
static void nothing_but_this_changes_a_state(void **state)
{
    static const struct {
        enum tether_state from;
        enum tether_event event;
        struct tether_step step;
    } expected[] = {
        { STATE_ASLEEP, EVENT_DEMAND, { STATE_CONNECTING, ACTION_DIAL } },
        { STATE_CONNECTING, EVENT_CONNECTED, { STATE_PROBING, ACTION_PROBE } },
        { STATE_CONNECTING, EVENT_UNREACHED, { STATE_WAITING, ACTION_BACKOFF } },
        { STATE_CONNECTING, EVENT_REFUSED, { STATE_FAILED, ACTION_GIVE_UP } },
        { STATE_CONNECTING, EVENT_WAKE, { STATE_CONNECTING, ACTION_REDIAL } },
        { STATE_PROBING, EVENT_PROBED, { STATE_SERVING, ACTION_SERVE } },
        { STATE_PROBING, EVENT_PROBE_FAILED, { STATE_WAITING, ACTION_BACKOFF } },
        { STATE_PROBING, EVENT_LOST, { STATE_WAITING, ACTION_BACKOFF } },
        { STATE_PROBING, EVENT_WAKE, { STATE_PROBING, ACTION_CHECK } },
        { STATE_SERVING, EVENT_LOST, { STATE_WAITING, ACTION_BACKOFF } },
        { STATE_SERVING, EVENT_WAKE, { STATE_SERVING, ACTION_CHECK } },
        { STATE_SERVING, EVENT_UNUSED, { STATE_ASLEEP, ACTION_SLEEP } },
        { STATE_WAITING, EVENT_TIMER, { STATE_CONNECTING, ACTION_DIAL } },
        { STATE_WAITING, EVENT_DEMAND, { STATE_CONNECTING, ACTION_DIAL } },
        { STATE_WAITING, EVENT_WAKE, { STATE_CONNECTING, ACTION_DIAL } },
        { STATE_WAITING, EVENT_RETRY, { STATE_CONNECTING, ACTION_DIAL } },
        { STATE_WAITING, EVENT_UNUSED, { STATE_ASLEEP, ACTION_SLEEP } },
        { STATE_FAILED, EVENT_RETRY, { STATE_CONNECTING, ACTION_DIAL } },
        { STATE_DRAINING, EVENT_CONNECTED, { STATE_DRAINING, ACTION_DISCARD } },
        { STATE_DRAINING, EVENT_WAKE, { STATE_DRAINING, ACTION_CHECK } },
        { STATE_DRAINING, EVENT_UNUSED, { STATE_CLOSING, ACTION_CLOSE } },
        { STATE_DRAINING, EVENT_LOST, { STATE_CLOSING, ACTION_CLOSE } },
        { STATE_CLOSING, EVENT_CONNECTED, { STATE_CLOSING, ACTION_DISCARD } },
    };

    (void)state;
    for (int s = 0; s < STATE_COUNT; s++)
        for (int ev = 0; ev < EVENT_COUNT; ev++) {
            struct tether_step want = { (enum tether_state)s, ACTION_NONE };
            struct tether_step step = state_next((enum tether_state)s, (enum tether_event)ev);
            for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
                if ((int)expected[i].from == s && (int)expected[i].event == ev)
                    want = expected[i].step;
            if (ev == EVENT_STOP && s != STATE_CLOSING)
                want = (struct tether_step){ STATE_CLOSING, ACTION_CLOSE };
            if (ev == EVENT_REPLACED && s != STATE_CLOSING && s != STATE_DRAINING)
                want = (struct tether_step){ STATE_DRAINING, ACTION_DRAIN };
            assert_int_equal(step.next, want.next);
            assert_int_equal(step.action, want.action);
        }
}

static void backoff_grows_to_its_bound(void **state)
{
    (void)state;
    assert_int_equal(backoff_delay_ms(1, 0), BACKOFF_MIN_MS);
    assert_int_equal(backoff_delay_ms(2, 0), 2 * BACKOFF_MIN_MS);
    assert_int_equal(backoff_delay_ms(4, 0), 8 * BACKOFF_MIN_MS);
    assert_int_equal(backoff_delay_ms(8, 0), BACKOFF_MAX_MS);
    assert_int_equal(backoff_delay_ms(4000000000u, 0), BACKOFF_MAX_MS);
    for (unsigned n = 1; n < 40; n++) {
        int64_t longest = backoff_delay_ms(n, 0);
        assert_int_equal(backoff_delay_ms(n, UINT32_MAX), longest - longest / 2);
        assert_true(backoff_delay_ms(n, 12345678) <= longest);
    }
}

/* The shell itself is the judge. */
static void a_quoted_word_survives_a_shell(void **state)
{
    static const char *const words[] = { "plain", "",   "it's",           "a b\tc", "$HOME `id` \"x\" \\n",
                                         "'",     "''", "*;&|<>(){}[]!#~" };
    char got[128];

    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        char *quoted = quote_sh(words[i]);
        char *command = mem_printf("printf %%s %s", quoted);
        FILE *out = popen(command, "r");
        assert_non_null(out);
        size_t n = fread(got, 1, sizeof got - 1, out);
        got[n] = '\0';
        assert_int_equal(pclose(out), 0);
        assert_string_equal(got, words[i]);
        free(command);
        free(quoted);
    }
}

static void a_quoted_path_keeps_the_home_directory(void **state)
{
    static const struct {
        const char *path, *word;
    } cases[] = {
        { "~/a key", "~/'a key'" }, { "/a/~/b", "'/a/~/b'" }, { "~other/x", "'~other/x'" },
        { "~/", "~/''" },           { "~", "'~'" },           { "~/it's", "~/'it'\\''s'" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *word = quote_path(cases[i].path);
        assert_string_equal(word, cases[i].word);
        free(word);
    }
}

static void the_dial_command_follows_the_profile(void **state)
{
    struct profile *p = profile_new("prod");

    (void)state;
    char *command = dial_command_text(p, p->socket);
    assert_string_equal(command, "docker system dial-stdio");
    free(command);
    command = dial_command_text(p, NULL);
    assert_string_equal(command, "docker system dial-stdio");
    free(command);

    command = dial_command_text(p, "/run/it's/docker.sock");
    assert_string_equal(command, "docker -H unix://'/run/it'\\''s/docker.sock' system dial-stdio");
    free(command);
    command = dial_command_text(p, "/run/podman/podman.sock");
    assert_string_equal(command, "podman --remote --url unix://'/run/podman/podman.sock' system dial-stdio");
    free(command);

    mem_replace(&p->dial_command, "sudo -n docker system dial-stdio");
    command = dial_command_text(p, "/run/it's/docker.sock");
    assert_string_equal(command, "sudo -n docker system dial-stdio");
    free(command);
    profile_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_has_an_answer),
        cmocka_unit_test(stop_ends_it_from_everywhere),
        cmocka_unit_test(nothing_leaves_closing),
        cmocka_unit_test(a_refused_key_waits_for_the_user),
        cmocka_unit_test(a_lost_session_comes_back),
        cmocka_unit_test(nothing_but_this_changes_a_state),
        cmocka_unit_test(backoff_grows_to_its_bound),
        cmocka_unit_test(a_quoted_word_survives_a_shell),
        cmocka_unit_test(a_quoted_path_keeps_the_home_directory),
        cmocka_unit_test(the_dial_command_follows_the_profile),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
