/* service-manager: the interface of `enable` to a service manager; systemd.h and launchd.h
 * implement it. */
#ifndef DOCKTETHER_AUTOSTART_SERVICE_MANAGER_H
#define DOCKTETHER_AUTOSTART_SERVICE_MANAGER_H

#include "base/err.h"
#include "store/profile.h"

enum login_kind {
    LOGIN_NO,
    LOGIN_START,  /* the tether starts at login */
    LOGIN_DEMAND, /* the service manager listens from login on, and a connection starts the tether */
};

struct service_manager {
    /* Reads files only and runs no program. */
    enum login_kind (*enabled)(const char *name);
    /* ERR_FAILED with the service manager's message. */
    int (*enable)(const struct profile *p, struct err *e);
    int (*disable)(const char *name, struct err *e);
};

#endif
