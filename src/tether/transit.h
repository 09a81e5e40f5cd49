/* transit: how far what was written to a socket has come. */
#ifndef DOCKTETHER_TETHER_TRANSIT_H
#define DOCKTETHER_TETHER_TRANSIT_H

#include "tether/liveness.h"

/* Fills *t but for `waits`. For TCP the system counts what the other end's kernel has
 * acknowledged (Linux: TCP_INFO). For a unix socket, the stream of a hop, `queued` tells how
 * much the hop's tether has not read yet (in the kernel's own measure); what that tether
 * holds itself is not seen. Where the system tells nothing, nothing is queued: a question
 * counts as delivered at once. */
void transit_look(int fd, struct transit *t);

#endif
