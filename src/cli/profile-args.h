/* profile-args: what create and update were given, into a profile. */
#ifndef DOCKTETHER_CLI_PROFILE_ARGS_H
#define DOCKTETHER_CLI_PROFILE_ARGS_H

#include "base/err.h"
#include "cli/args.h"
#include "store/profile.h"

#include <stdbool.h>

/* True when the command line changes anything at all. */
bool profile_args_given(const char *url, const struct args *a);

/* Applies url (NULL: none) and the options. A URL replaces host, user and port
 * (what it leaves out goes back to the default) and, when it has a path, the
 * remote socket; a list that is given replaces the whole list; --set comes
 * after all but the pins, in its order, and may not name what an option has given
 * already (ERR_USAGE). Nothing is written. */
int profile_args_apply(struct profile *p, const char *url, const struct args *a, struct err *e);

#endif
