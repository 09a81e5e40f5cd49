/* limits: how many connections a tether takes, and what it keeps for itself: a new
 * session, control, and answers to those that are refused. */
#ifndef DOCKTETHER_RELAY_LIMITS_H
#define DOCKTETHER_RELAY_LIMITS_H

#include "base/err.h"
#include "store/profile.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct limits {
    int fd_limit;     /* descriptors from here on are for refusals only */
    int listen_limit; /* and from here on not even for them */
};

/* By the process's limit of descriptors. */
void limits_init(struct limits *l);

/* Whether there is none for the connection fd beside `count` others; `held` of them
 * wait for a session, -1 when there is one. True with the error. Too many is too many
 * of all kinds: each costs a descriptor and buffers. */
bool limits_lacks(const struct limits *l, const struct profile *p, int fd, size_t count, int64_t held,
                  struct err *e);

#endif
