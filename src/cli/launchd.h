/* launchd: a profile's tether as a launch agent, by launchctl(1). */
#ifndef DOCKTETHER_CLI_LAUNCHD_H
#define DOCKTETHER_CLI_LAUNCHD_H

#include "cli/login.h"

enum login_kind launchd_enabled(const char *name);
int launchd_enable(const struct profile *p, struct err *e);
int launchd_disable(const char *name, struct err *e);

#endif
