/* message: parts of the lines that a tether and its clients exchange on the
 * control socket (docs/PROTOCOL.md). */
#ifndef DOCKTETHER_CONTROL_MESSAGE_H
#define DOCKTETHER_CONTROL_MESSAGE_H

#include "base/err.h"

#include <jansson.h>

/* What an attempt to connect waits for; what is "" while it waits for nothing. */
struct waiting {
    char what[16], whom[256];
};

/* {"waiting":WHAT,"whom":WHOM} */
json_t *message_pack_waiting(const struct waiting *w);

/* {"code":..,"layer":..,"message":..,"hint":..}, and back. A member that is missing or
 * of another type leaves ERR_FAILED and empty texts. */
json_t *message_pack_err(const struct err *e);
void message_unpack_err(const json_t *o, struct err *e);

#endif
