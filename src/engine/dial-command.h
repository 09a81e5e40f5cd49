/* dial-command: what dial-stdio runs over there. */
#ifndef DOCKTETHER_ENGINE_DIAL_COMMAND_H
#define DOCKTETHER_ENGINE_DIAL_COMMAND_H

#include "store/profile.h"

/* The command by which dial-stdio reaches that remote socket: the profile's
 * own, or `docker system dial-stdio`, or Podman's where it is Podman's. NULL:
 * whatever the remote docker takes by itself. Allocated. */
char *dial_command_text(const struct profile *p, const char *socket);

#endif
