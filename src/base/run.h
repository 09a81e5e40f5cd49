/* run: runs another program and takes its output. */
#ifndef DOCKTETHER_BASE_RUN_H
#define DOCKTETHER_BASE_RUN_H

#include "base/err.h"

#include <stddef.h>

/* Runs argv (found in PATH, without a shell, standard input empty). Its standard
 * output goes into buf, terminated; size - 1 bytes or more are an error. Within
 * patience_ms the program has ended, or it is killed: also one that closes its output
 * and goes on.
 *
 * 0 when it succeeds; 1 when there is no such program; -1 with an error of that layer:
 * all lines of its standard error (of standard output when that is empty), joined by
 * "; ". */
int run_program(const char *layer, const char *const *argv, int patience_ms, char *buf, size_t size,
                struct err *e);

#endif
