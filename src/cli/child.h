/* child: runs a command and waits for it. */
#ifndef DOCKTETHER_CLI_CHILD_H
#define DOCKTETHER_CLI_CHILD_H

#include "base/err.h"

#include <stdbool.h>

/* Executes the command in this process. Returns only on failure, which it has printed, with
 * the status of a shell: 127 when the command was not found, 126 otherwise. */
int child_become(char *const *argv, bool sigpipe_ignored);

/* Blocks the signals that would end this process until child_run(), so that the caller can
 * clean up. */
void child_hold_signals(void);

/* Runs the command and waits for its end. Passes on signals that were sent to this process
 * only; a terminal sends its signals to the command itself. *status is that of waitpid(). 0,
 * or -1 when no process could be started. Call child_hold_signals() first. */
int child_run(char *const *argv, bool sigpipe_ignored, int *status, struct err *e);

/* The exit status for that of waitpid(). If a signal ended the command, the same signal ends
 * this process, and the function does not return. */
int child_end_like(int status);

#endif
