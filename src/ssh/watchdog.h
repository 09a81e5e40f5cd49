/* watchdog: a limit for calls of a library that may never return.
 *
 * libssh has loops that a server can keep going for ever (ssh_channel_write() of
 * 0.10.6 with a maximum packet size of 10), and deadlines, keepalives and signals
 * are all handled by the thread that is caught in one. A second thread notices when
 * a call has not returned for five seconds and shuts the connection down, which ends
 * a loop that reads; one that only sends ends in compat.c. The thread sleeps while
 * there are no calls. */
#ifndef DOCKTETHER_SSH_WATCHDOG_H
#define DOCKTETHER_SSH_WATCHDOG_H

#include <stdatomic.h>

#define WATCHDOG_S 5

struct watchdog;

/* Watches over calls that use the socket fd, which must stay open until
 * watchdog_stop(). NULL when no thread can be started. */
struct watchdog *watchdog_start(int fd);

/* Around each call; not to be nested. w may be NULL. */
void watchdog_enter(struct watchdog *w);
void watchdog_leave(struct watchdog *w);

/* True once a call has taken too long; then the socket is shut down. NULL without w. */
const atomic_bool *watchdog_fired(const struct watchdog *w);

void watchdog_stop(struct watchdog *w); /* may be NULL */

#endif
