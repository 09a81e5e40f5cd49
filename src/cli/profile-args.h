/* profile-args: applies the arguments of create and update to a profile. */
#ifndef DOCKTETHER_CLI_PROFILE_ARGS_H
#define DOCKTETHER_CLI_PROFILE_ARGS_H

#include "base/err.h"
#include "cli/args.h"
#include "store/profile.h"

#include <stdbool.h>

/* True when the command line changes anything at all. */
bool profile_args_given(const char *url, const struct args *a);

/* Applies url (NULL: none) and the options. A URL replaces host, user and port (a missing
 * part becomes the default) and, if it has a path, the remote socket. A given list replaces
 * the whole list. --set is applied after everything but the pins, in order, and may not name
 * the key of another given option (ERR_USAGE). Nothing is written. */
int profile_args_apply(struct profile *p, const char *url, const struct args *a, struct err *e);

#endif
