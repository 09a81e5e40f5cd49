/* quote: words for the remote shell. */
#ifndef DOCKTETHER_TETHER_QUOTE_H
#define DOCKTETHER_TETHER_QUOTE_H

#include "store/profile.h"

/* One word of a POSIX shell, in single quotes; allocated. */
char *quote_sh(const char *s);

/* The command by which dial-stdio reaches the profile's socket: the profile's
 * own, or `docker system dial-stdio`; allocated. */
char *quote_dial_command(const struct profile *p);

#endif
