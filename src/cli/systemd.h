/* systemd: a profile's tether under the user's systemd, by `systemctl --user`. */
#ifndef DOCKTETHER_CLI_SYSTEMD_H
#define DOCKTETHER_CLI_SYSTEMD_H

#include "cli/service-manager.h"

extern const struct service_manager systemd;

#endif
