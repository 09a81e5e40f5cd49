/* dispatch: the words before the command, and requests of programs: Docker's CLI and the
 * completion of shells. */
#ifndef DOCKTETHER_CLI_DISPATCH_H
#define DOCKTETHER_CLI_DISPATCH_H

#include "base/err.h"

#include <stdbool.h>

struct dispatch {
    int first;    /* argv[first] is the command; argc: there is none */
    bool help;    /* was given before the command */
    bool version; /* the same */
};

/* Returns 0 when there is a command to run (the environment then follows the options of
 * `docker` before our name), 1 when the request was answered on standard output, -1 and
 * ERR_USAGE. May change the order of argv. */
int dispatch_open(struct dispatch *f, int argc, char **argv, struct err *e);

#endif
