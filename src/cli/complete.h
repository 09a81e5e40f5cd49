/* complete: what could stand at the end of a command line, out of the tables of
 * commands and of keys, and the profiles there are. */
#ifndef DOCKTETHER_CLI_COMPLETE_H
#define DOCKTETHER_CLI_COMPLETE_H

#include <stdbool.h>
#include <stddef.h>

struct complete_options {
    bool bare;      /* no descriptions */
    bool for_cobra; /* its scripts know only numbers in the last line */
};

/* Words are what follows the name of the program; the last is the one in hand,
 * "" where none has begun. On standard output one candidate a line, a tab and its
 * description; last a line of ":" and the directive. Without for_cobra the last
 * line is ":command N" where a command of its own begins at word N. Never fails:
 * what cannot be read is not offered. */
void complete_print(char *const *words, size_t count, const struct complete_options *options);

#endif
