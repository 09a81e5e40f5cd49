/* service-manager: what `enable` asks of a service manager. systemd.h and launchd.h
 * have one each. */
#ifndef DOCKTETHER_AUTOSTART_SERVICE_MANAGER_H
#define DOCKTETHER_AUTOSTART_SERVICE_MANAGER_H

#include "base/err.h"
#include "store/profile.h"

enum login_kind {
    LOGIN_NO,
    LOGIN_START,  /* it is started at login */
    LOGIN_DEMAND, /* the socket listens from login on, and starts it */
};

struct service_manager {
    /* By the files alone; no other program is asked. */
    enum login_kind (*enabled)(const char *name);
    /* ERR_FAILED with the service manager's words. */
    int (*enable)(const struct profile *p, struct err *e);
    int (*disable)(const char *name, struct err *e);
};

#endif
