/* term: asks a person, only on the controlling terminal. */
#ifndef DOCKTETHER_UI_TERM_H
#define DOCKTETHER_UI_TERM_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* True when questions make sense: standard input is a terminal, and there is a
 * controlling one to write to. */
bool term_interactive(void);

/* The controlling terminal, for text before a question; close it with fclose(). NULL when
 * there is none. */
FILE *term_open(void);

/* Asks for a line, with echo; blanks at its edges are dropped. 0; 1 at the end
 * of input or without a terminal; -1 on an error. */
int term_line(const char *prompt, char *buf, size_t size, struct err *e);

/* A passphrase_ask_fn: on the terminal without echo, or through SSH_ASKPASS. An
 * empty answer means that the user gave up. */
int term_passphrase(void *user, const char *file, int attempt, char *buf, size_t size, struct err *e);

#endif
