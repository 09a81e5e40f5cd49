/* systemd: a profile's tether under the user's systemd, by `systemctl --user`. */
#ifndef DOCKTETHER_CLI_SYSTEMD_H
#define DOCKTETHER_CLI_SYSTEMD_H

#include "cli/login.h"

enum login_kind systemd_enabled(const char *name);
int systemd_enable(const struct profile *p, struct err *e);
int systemd_disable(const char *name, struct err *e);

#endif
