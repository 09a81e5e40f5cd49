/* each-name: verbs that take several profiles go on after one that fails. */
#ifndef DOCKTETHER_CLI_EACH_NAME_H
#define DOCKTETHER_CLI_EACH_NAME_H

#include "base/err.h"

#include <stddef.h>

/* 0, or -1 with an error. */
typedef int (*each_name_fn)(const char *name, void *user, struct err *e);

/* Calls one for every name and reports each failure. Returns the exit status:
 * that of the first failure, or 0. */
int each_name(const char *const *names, size_t count, each_name_fn one, void *user);

#endif
