/* autostart: tethers that are there from login on, kept by the user's service manager:
 * systemd, or launchd on macOS. */
#ifndef DOCKTETHER_AUTOSTART_AUTOSTART_H
#define DOCKTETHER_AUTOSTART_AUTOSTART_H

#include "autostart/service-manager.h"

/* By the files alone; no other program is asked. */
enum login_kind autostart_enabled(const char *name);

/* "no", "at login", "on demand" */
const char *autostart_text(enum login_kind kind);

/* As the profile's `connect` says, and at once. What is enabled already is brought
 * up to date. Notes on standard error. ERR_FAILED with the service manager's words. */
int autostart_enable(const struct profile *p, struct err *e);

/* The reverse, which ends the tether. Needs no profile. 0, or -1 with an error. */
int autostart_disable(const char *name, struct err *e);

#endif
