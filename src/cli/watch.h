/* watch: `status --watch`. */
#ifndef DOCKTETHER_CLI_WATCH_H
#define DOCKTETHER_CLI_WATCH_H

#include "base/err.h"
#include "base/mem.h"

#include <stdbool.h>

/* Tables need a terminal; lines of JSON do not. ERR_USAGE. */
int watch_check(bool json, struct err *e);

/* Shows the tethers until the user has seen enough; `all`: names are those of the
 * store, which is read again and again. json: a line for each, then one for
 * each change. One that hangs keeps nobody. */
int watch_run(const struct strv *names, bool all, bool json, struct err *e);

#endif
