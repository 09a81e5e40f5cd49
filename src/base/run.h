/* run: another program, run for what it says. */
#ifndef DOCKTETHER_BASE_RUN_H
#define DOCKTETHER_BASE_RUN_H

#include "base/err.h"

#include <stddef.h>

/* Runs argv (found in PATH, without a shell, standard input empty) for at most
 * patience_ms; what it writes to standard output and error goes into buf, which
 * must hold it. 0 when it succeeds; 1 when there is no such program; -1 with an error of
 * that layer, the last line it wrote. */
int run_program(const char *layer, const char *const *argv, int patience_ms, char *buf, size_t size,
                struct err *e);

#endif
