/* askpass: asks through the user's SSH_ASKPASS program, by the rules of ssh. */
#ifndef DOCKTETHER_UI_ASKPASS_H
#define DOCKTETHER_UI_ASKPASS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* Whether a passphrase is asked for through the program: SSH_ASKPASS_REQUIRE
 * (force, prefer, never), and a display when there is no terminal. */
bool askpass_wanted(bool have_terminal);

/* Runs $SSH_ASKPASS (else ssh-askpass of the system) with the prompt as its
 * argument, without a shell, and reads one line of at most size - 1 bytes. 0; 1
 * when the user gave up or the program cannot be run. */
int askpass_run(const char *prompt, char *buf, size_t size, struct err *e);

#endif
