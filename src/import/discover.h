/* discover: proposals from Docker's contexts with ssh:// endpoints and from the hosts of
 * ~/.ssh/config. */
#ifndef DOCKTETHER_IMPORT_DISCOVER_H
#define DOCKTETHER_IMPORT_DISCOVER_H

#include "base/err.h"
#include "import/proposal.h"

/* Appends to list, each proposal with its hops. `ssh -G` resolves every host (without
 * ssh there are only the contexts, as their URLs read), and the known_hosts files that ssh
 * would read give the pins. One place is proposed once, under the first of its names. A
 * profile whose name a foreign Docker context has is called NAME-tether. Hosts that are
 * only hops get `socket = none`. -1 when nothing could be read. */
int discover(struct proposals *list, struct err *e);

#endif
