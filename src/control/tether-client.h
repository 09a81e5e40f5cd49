/* tether-client: asking a running tether over its control socket (docs/PROTOCOL.md).
 * Every call is bounded: a tether that does not answer within five seconds is
 * an error. */
#ifndef DOCKTETHER_CONTROL_TETHER_CLIENT_H
#define DOCKTETHER_CONTROL_TETHER_CLIENT_H

#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* True when a tether of that name is running (it holds the lock). Cheap: no
 * connection is made. */
bool tether_client_running(const char *name);

/* The tether's status as a new reference; NULL with no error set (code
 * ERR_NONE) when none is running, NULL with an error when it does not answer.
 * docs/PROTOCOL.md lists its members. */
json_t *tether_client_status(const char *name, struct err *e);

/* The same for callers that cannot wait so long: returns within about ms. */
json_t *tether_client_status_within(const char *name, int64_t ms, struct err *e);

/* Ends the tether of that name and waits until it is gone: by request, and
 * when it does not answer by SIGTERM, then SIGKILL to the process that holds
 * the lock. Without force a tether that others use as a hop is left alone (ERR_FAILED). 0
 * when it is gone, 1 when none was running. Stale sockets of a dead tether are
 * removed. */
int tether_client_down(const char *name, bool force, struct err *e);

#endif
