/* wake-service: where a service manager listens on a profile's socket and no tether runs,
 * a connection makes it start one. */
#ifndef DOCKTETHER_CONTROL_WAKE_SERVICE_H
#define DOCKTETHER_CONTROL_WAKE_SERVICE_H

#include "base/err.h"
#include "store/runtime.h"

/* Connects to the profile's socket. -1 when no process listens there; else the
 * connection, which is the caller's. Call it when no tether runs. */
int wake_service_begin(const struct runtime *rt);

/* Waits some seconds for the tether, which may be joined then. -1 and an error
 * when none starts. */
int wake_service_await(const struct runtime *rt, int fd, struct err *e);

#endif
