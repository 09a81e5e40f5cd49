/* quote: words for the remote shell. */
#ifndef DOCKTETHER_TETHER_QUOTE_H
#define DOCKTETHER_TETHER_QUOTE_H

#include "store/profile.h"

/* One word of a POSIX shell, in single quotes; allocated. */
char *quote_sh(const char *s);

/* The command by which dial-stdio reaches that remote socket: the profile's
 * own, or `docker system dial-stdio`, or Podman's where it is Podman's. NULL:
 * whatever the remote docker takes by itself. Allocated. */
char *quote_dial_command(const struct profile *p, const char *socket);

#endif
