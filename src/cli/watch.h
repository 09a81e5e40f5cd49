/* watch: `status --watch`. */
#ifndef DOCKTETHER_CLI_WATCH_H
#define DOCKTETHER_CLI_WATCH_H

#include "base/err.h"
#include "base/mem.h"

#include <stdbool.h>

/* A table needs a terminal, lines of JSON do not. ERR_USAGE. */
int watch_check(bool json, struct err *e);

/* Shows the tethers until the user quits. all: names are those of the store, which is read
 * again every second. json: a line for each tether, then one for each change. A tether that
 * hangs delays no other. */
int watch_run(const struct strv *names, bool all, bool json, struct err *e);

#endif
