/* current: the name that Docker's programs would use now. */
#ifndef DOCKTETHER_CLI_CURRENT_H
#define DOCKTETHER_CLI_CURRENT_H

#include "base/err.h"

/* The name of a context, "default", or, where DOCKER_HOST decides, the profile
 * whose socket it names, else its value as it is. Allocated. */
char *current_name(struct err *e);

#endif
