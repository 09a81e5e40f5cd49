/* ssh-words: splits a line of ssh_config into words as ssh does. */
#ifndef DOCKTETHER_IMPORT_SSH_WORDS_H
#define DOCKTETHER_IMPORT_SSH_WORDS_H

#include "base/mem.h"

/* Single and double quotes keep blanks; a backslash keeps a quote, a backslash or,
 * outside quotes, a blank. A word that begins with # ends the line. -1 for a quote that
 * is not closed, as ssh refuses such a line; *words must be empty and is empty then. */
int ssh_words_split(const char *line, struct strv *words);

#endif
