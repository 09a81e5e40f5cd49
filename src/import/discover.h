/* discover: profiles out of what people have: Docker's contexts with ssh://
 * endpoints, and the hosts of ~/.ssh/config. */
#ifndef DOCKTETHER_IMPORT_DISCOVER_H
#define DOCKTETHER_IMPORT_DISCOVER_H

#include "base/err.h"
#include "import/proposal.h"

/* Appends to list, each with what it goes via. Every host is resolved by `ssh
 * -G` (without ssh there are only the contexts, as their URLs read) and pinned
 * from the known_hosts files that ssh would look into. One place is proposed
 * once, under the first of its names; a profile that would be published takes a
 * name that no context of somebody else has: NAME-tether. Hosts that others
 * only jump through get `socket = none`. -1 when nothing could be read. */
int discover(struct proposals *list, struct err *e);

#endif
