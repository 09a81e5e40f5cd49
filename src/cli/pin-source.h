/* pin-source: pins out of a source that the user names. */
#ifndef DOCKTETHER_CLI_PIN_SOURCE_H
#define DOCKTETHER_CLI_PIN_SOURCE_H

#include "base/err.h"
#include "store/profile.h"

/* Adds to p what source has for its host and port: "known_hosts" is the user's
 * own file, "-" standard input in any form of pinlist.h, anything else a file
 * in the form of known_hosts. None at all is ERR_HOSTKEY. */
int pin_source_add(struct profile *p, const char *source, struct err *e);

#endif
