/* autostart: starts tethers at login by the user's service manager, systemd, or launchd on
 * macOS. */
#ifndef DOCKTETHER_AUTOSTART_AUTOSTART_H
#define DOCKTETHER_AUTOSTART_AUTOSTART_H

#include "autostart/service-manager.h"

/* Reads files only and runs no program. */
enum login_kind autostart_enabled(const char *name);

/* "no", "at login", "on demand" */
const char *autostart_text(enum login_kind kind);

/* Enables and starts the tether as the profile's `connect` says. An enabled one is updated.
 * Notes go to standard error. ERR_FAILED with the service manager's message. */
int autostart_enable(const struct profile *p, struct err *e);

/* The reverse, which also ends the tether. Needs no profile. 0, or -1 with an error. */
int autostart_disable(const char *name, struct err *e);

#endif
