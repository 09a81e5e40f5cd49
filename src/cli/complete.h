/* complete: completion of a command line from the tables of commands and keys and from the
 * stored profiles. */
#ifndef DOCKTETHER_CLI_COMPLETE_H
#define DOCKTETHER_CLI_COMPLETE_H

#include <stdbool.h>
#include <stddef.h>

struct complete_options {
    bool bare;      /* no descriptions */
    bool for_cobra; /* its scripts know only numbers in the last line */
};

/* words follow the name of the program; the last is the word to complete, "" if it is still
 * empty. On standard output one candidate a line, a tab and its
 * description; last a line of ":" and the directive. Without for_cobra the last
 * line is ":command N" where a command of its own begins at word N. Never fails:
 * a profile that cannot be read is not offered. */
void complete_print(char *const *words, size_t count, const struct complete_options *options);

#endif
