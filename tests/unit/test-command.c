/* The table of commands, and what must agree with it. */
#include "base/progname.h"
#include "cli/command.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void the_names_of_the_program_know_every_verb(void **state)
{
    size_t count, known = 0;
    const char *const *verbs = progname_verbs();

    (void)state;
    (void)command_table(&count);
    for (; verbs[known] != NULL; known++)
        if (command_find(verbs[known]) == NULL)
            fail_msg("%s is no command", verbs[known]);
    assert_int_equal(known, count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_names_of_the_program_know_every_verb),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
