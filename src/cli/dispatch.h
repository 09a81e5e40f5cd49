/* dispatch: what stands before the verb, and what is asked by programs and not by
 * people: Docker's CLI, and the completion of shells. */
#ifndef DOCKTETHER_CLI_DISPATCH_H
#define DOCKTETHER_CLI_DISPATCH_H

#include "base/err.h"

#include <stdbool.h>

struct dispatch {
    int first;    /* argv[first] is the verb; argc: there is none */
    bool help;    /* was asked for before the verb */
    bool version; /* the same */
};

/* Returns 0 when there is a command to run (the environment is then what the
 * options of `docker` before our name ask for), 1 when all was answered on
 * standard output, -1 and ERR_USAGE. May change the order of argv. */
int dispatch_open(struct dispatch *f, int argc, char **argv, struct err *e);

#endif
