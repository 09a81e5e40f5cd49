/* environment: the variables that say which Docker Engine the docker programs use. */
#ifndef DOCKTETHER_DOCKER_ENVIRONMENT_H
#define DOCKTETHER_DOCKER_ENVIRONMENT_H

#include "base/err.h"

/* Points this process, and the programs that it starts, at the engine behind url. */
int environment_set(const char *url, struct err *e);

/* The variables that would send the docker programs elsewhere, or make them speak TLS
 * to our socket: unset wherever DOCKER_HOST is set. NULL-terminated. */
const char *const *environment_cleared(void);

#endif
