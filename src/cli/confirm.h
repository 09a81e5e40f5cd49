/* confirm: asks before commands use a protected profile. */
#ifndef DOCKTETHER_CLI_CONFIRM_H
#define DOCKTETHER_CLI_CONFIRM_H

#include "base/err.h"
#include "store/profile.h"

#include <stdbool.h>

struct confirm {
    const char *verb;    /* "use", for the hint */
    const char *rest;    /* " COMMAND...", which follows the name in the hint; or "" */
    const char *purpose; /* "to make it Docker's current context" */
    const char *outcome; /* "nothing was switched", for an answer that is no */
};

/* 0 when the profile is not protected, the user said --yes, or typed its name.
 * ERR_POLICY otherwise, and without a terminal. */
int confirm_protected(const struct profile *p, bool yes, const struct confirm *what, struct err *e);

#endif
