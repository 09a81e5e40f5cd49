/* hostkey-rotate-ask: following a host that changes its keys. */
#ifndef DOCKTETHER_CLI_HOSTKEY_ROTATE_ASK_H
#define DOCKTETHER_CLI_HOSTKEY_ROTATE_ASK_H

#include "base/err.h"
#include "store/profile.h"

#include <stdbool.h>

/* Connects to p's host, which must prove a pinned key, and shows all keys that
 * it has now beside the pins. On a terminal the user is asked: "yes" makes the
 * pins what the host presents, a fingerprint adds that one key. *changed tells
 * whether p was; nothing is written. Any other answer, or a difference and
 * nobody to ask, is ERR_HOSTKEY. */
int hostkey_rotate_ask(struct profile *p, bool *changed, struct err *e);

#endif
