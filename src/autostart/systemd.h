/* systemd: a profile's tether under the user's systemd, by `systemctl --user`. */
#ifndef DOCKTETHER_AUTOSTART_SYSTEMD_H
#define DOCKTETHER_AUTOSTART_SYSTEMD_H

#include "autostart/service-manager.h"

extern const struct service_manager systemd;

#endif
