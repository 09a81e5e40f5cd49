/* name: what a profile may be called. */
#ifndef DOCKTETHER_STORE_NAME_H
#define DOCKTETHER_STORE_NAME_H

#include "base/err.h"

/* "^[a-zA-Z0-9][a-zA-Z0-9_.+-]+$", at most 128 bytes, not "default": Docker's
 * rule for contexts. ERR_USAGE otherwise. */
int name_check(const char *name, struct err *e);

#endif
