/* launchd: a profile's tether as a launch agent, by launchctl(1). */
#ifndef DOCKTETHER_CLI_LAUNCHD_H
#define DOCKTETHER_CLI_LAUNCHD_H

#include "cli/service-manager.h"

extern const struct service_manager launchd;

#endif
