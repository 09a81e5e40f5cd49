/* hostkey-ask: shows a host's keys to a person, who decides which to trust. */
#ifndef DOCKTETHER_CLI_HOSTKEY_ASK_H
#define DOCKTETHER_CLI_HOSTKEY_ASK_H

#include "base/err.h"
#include "store/profile.h"

#include <stdio.h>

/* Connects to the profile's host, shows each key it presents on the terminal,
 * and asks. "yes" pins all of them in p, one of the fingerprints pins that key
 * alone; any other answer, or no terminal, is ERR_HOSTKEY. */
int hostkey_ask(struct profile *p, struct err *e);

/* Connects and prints every key with its size and whether p pins it, and the
 * pins that the host does not present any more. */
int hostkey_ask_show(const struct profile *p, FILE *out, struct err *e);

#endif
