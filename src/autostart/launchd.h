/* launchd: a profile's tether as a launch agent, by launchctl(1). */
#ifndef DOCKTETHER_AUTOSTART_LAUNCHD_H
#define DOCKTETHER_AUTOSTART_LAUNCHD_H

#include "autostart/service-manager.h"

extern const struct service_manager launchd;

#endif
