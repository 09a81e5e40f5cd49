/* docs/STATES.md holds what the state machine's table says, and nothing else.
 * With --write it is brought up to date. */
#include "tether/state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BEGIN "<!-- made from src/tether/state.c: begin -->\n"
#define END "<!-- made from src/tether/state.c: end -->\n"
#define PAGE_MAX 65536

static void page_path(char *path, size_t size)
{
    const char *top = getenv("srcdir");

    snprintf(path, size, "%s/docs/STATES.md", top != NULL ? top : ".");
}

static void read_page(char *page)
{
    char path[4096];

    page_path(path, sizeof path);
    FILE *f = fopen(path, "r");
    if (f == NULL) {
        perror(path);
        exit(1);
    }
    size_t n = fread(page, 1, PAGE_MAX - 1, f);
    page[n] = '\0';
    fclose(f);
}

/* Edges that every state but the last has are told in words. */
static int drawn(enum tether_event ev, struct tether_step step, enum tether_state from)
{
    return ev != EVENT_STOP && ev != EVENT_REPLACED &&
           (step.next != from || (step.action != ACTION_NONE && from != STATE_CLOSING));
}

static void draw(FILE *f)
{
    fputs("```mermaid\nstateDiagram-v2\n    [*] --> asleep\n", f);
    for (int s = 0; s < STATE_COUNT; s++)
        for (int ev = 0; ev < EVENT_COUNT; ev++) {
            struct tether_step step = state_next((enum tether_state)s, (enum tether_event)ev);
            if (drawn((enum tether_event)ev, step, (enum tether_state)s))
                fprintf(f, "    %s --> %s: %s / %s\n", state_name((enum tether_state)s),
                        state_name(step.next), state_event_name((enum tether_event)ev),
                        state_action_name(step.action));
        }
    fputs("    closing --> [*]\n```\n\n", f);
}

static void tabulate(FILE *f)
{
    fputs("| event |", f);
    for (int s = 0; s < STATE_COUNT; s++)
        fprintf(f, " %s |", state_name((enum tether_state)s));
    fputs("\n|---|", f);
    for (int s = 0; s < STATE_COUNT; s++)
        fputs("---|", f);
    fputs("\n", f);
    for (int ev = 0; ev < EVENT_COUNT; ev++) {
        fprintf(f, "| %s |", state_event_name((enum tether_event)ev));
        for (int s = 0; s < STATE_COUNT; s++) {
            struct tether_step step = state_next((enum tether_state)s, (enum tether_event)ev);
            if ((int)step.next != s)
                fprintf(f, " **%s**, %s |", state_name(step.next), state_action_name(step.action));
            else if (step.action != ACTION_NONE)
                fprintf(f, " %s |", state_action_name(step.action));
            else
                fputs(" |", f);
        }
        fputs("\n", f);
    }
}

static char *made(void)
{
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);

    if (f == NULL)
        abort();
    fputs("\n", f);
    draw(f);
    tabulate(f);
    fputs("\n", f);
    fclose(f);
    return text;
}

static void the_page_says_what_the_table_says(void **state)
{
    static char page[PAGE_MAX];
    char *want = made();

    (void)state;
    read_page(page);
    char *begin = strstr(page, BEGIN), *end = strstr(page, END);
    assert_non_null(begin);
    assert_non_null(end);
    *end = '\0';
    assert_string_equal(begin + strlen(BEGIN), want);
    free(want);
}

static void the_page_names_every_state(void **state)
{
    static char page[PAGE_MAX];

    (void)state;
    read_page(page);
    char *begin = strstr(page, BEGIN);
    assert_non_null(begin);
    *begin = '\0';
    for (int s = 0; s < STATE_COUNT; s++) {
        char row[64];
        snprintf(row, sizeof row, "| `%s` |", state_name((enum tether_state)s));
        assert_non_null(strstr(page, row));
    }
    for (int ev = 0; ev < EVENT_COUNT; ev++) {
        char row[64];
        snprintf(row, sizeof row, "| %s |", state_event_name((enum tether_event)ev));
        assert_non_null(strstr(page, row));
    }
    for (int a = 1; a < ACTION_COUNT; a++) {
        char row[64];
        snprintf(row, sizeof row, "| %s |", state_action_name((enum tether_action)a));
        assert_non_null(strstr(page, row));
    }
}

static int write_page(void)
{
    static char page[PAGE_MAX];
    char path[4096], *text = made();

    read_page(page);
    char *begin = strstr(page, BEGIN), *end = strstr(page, END);
    page_path(path, sizeof path);
    FILE *f = begin != NULL && end != NULL ? fopen(path, "w") : NULL;
    if (f == NULL)
        return 1;
    fprintf(f, "%.*s%s%s%s", (int)(begin - page), page, BEGIN, text, end);
    free(text);
    return fclose(f) != 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_says_what_the_table_says),
        cmocka_unit_test(the_page_names_every_state),
    };

    if (argc > 1 && strcmp(argv[1], "--write") == 0)
        return write_page();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("states", tests, NULL, NULL);
}
