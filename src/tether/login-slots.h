/* login-slots: how many of this user's tethers log in to one server at once.
 *
 * sshd drops connections at random once MaxStartups (10 as shipped) of them
 * have not logged in yet. A hundred tethers that come back together when the
 * server does would do that to each other, so they take turns. */
#ifndef DOCKTETHER_TETHER_LOGIN_SLOTS_H
#define DOCKTETHER_TETHER_LOGIN_SLOTS_H

#include "ssh/wait.h"

#include <stdint.h>

#define SLOTS 8 /* leaves room for others below sshd's 10 */

/* Blocks until one of the places for host and port is free, or w is over: a
 * descriptor that holds the place, or -1 (going on without is better than not
 * at all). path is a file in a private directory that all tethers share; it is
 * created. One place a process at a time. */
int login_slots_take(const char *path, const char *host, int64_t port, const struct wait *w);

/* fd may be -1. The end of the process does the same. */
void login_slots_give(int fd);

#endif
