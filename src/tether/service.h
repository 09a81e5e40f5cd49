/* service: what a service manager passes to us and hears from us: systemd's socket
 * activation (sd_listen_fds(3)) and notifications (sd_notify(3)), and launchd's
 * label. By hand: the protocols are variables, descriptors and datagrams. */
#ifndef DOCKTETHER_TETHER_SERVICE_H
#define DOCKTETHER_TETHER_SERVICE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

struct service {
    /* A service manager starts us again when we end, and shows no screen. */
    bool managed;
    int sock;            /* the profile's socket, listening, non-blocking; -1: not passed */
    int64_t watchdog_ms; /* a sign of life is wanted this often; 0: never */
    char *unit;          /* systemd's name of us; NULL: not known */
    int notify;          /* a datagram socket; -1: no manager listens */
    struct sockaddr_un to;
    socklen_t to_len;
};

/* Takes what is meant for this process out of the environment, where our children
 * do not find it any more. path is where the profile's socket is: a descriptor
 * that is anything else than a socket that listens there, or a second one, is an
 * error (ERR_FAILED, layer "socket activation"). s is to be cleared in any case, and service_tell()
 * works after an error too. */
int service_take(struct service *s, const char *path, struct err *e);
void service_clear(struct service *s);

/* One datagram: lines as in sd_notify(3). Never blocks. False when the manager
 * takes nothing at the moment and it should be tried again. */
bool service_tell(const struct service *s, const char *lines);

/* "STATUS=LAYER: MESSAGE" for a process that ends. */
void service_tell_error(const struct service *s, const struct err *e);

/* The service in the text of a /proc/PID/cgroup, allocated; NULL when it names none. */
char *service_unit_of(const char *cgroups);

#endif
