/* child: a command that runs while we wait for it. */
#ifndef DOCKTETHER_CLI_CHILD_H
#define DOCKTETHER_CLI_CHILD_H

#include "base/err.h"

#include <stdbool.h>

/* Becomes the command. Returns only when that failed, having said so, with the
 * status that a shell would give: 127 when it was not found, 126 otherwise. */
int child_become(char *const *argv, bool sigpipe_ignored);

/* Signals that would end us, from here on until child_run(): they wait, so that
 * whoever has something to clean up does. */
void child_hold_signals(void);

/* Runs the command and waits for its end. What a terminal sends to all of its
 * foreground processes the command gets from there; signals that others send
 * to us alone are passed on. *status is that of waitpid(). 0, or -1 when no process could be
 * started. After child_hold_signals(). */
int child_run(char *const *argv, bool sigpipe_ignored, int *status, struct err *e);

/* Our own exit status for that of waitpid(); a command that a signal ended ends
 * us by the same one, and then this does not return. */
int child_end_like(int status);

#endif
