/* lock: the file whose lock makes a process the tether of a profile. */
#ifndef DOCKTETHER_CONTROL_LOCK_H
#define DOCKTETHER_CONTROL_LOCK_H

#include "store/runtime.h"

#include <sys/types.h>

/* Takes the lock that makes this process NAME's tether, for as long as *fd is
 * open, and writes the process id into it. 0; 1 when another process holds
 * it; -1 on an error. */
int lock_take(const struct runtime *rt, int *fd, struct err *e);

/* The same for a lock that another process took and passed on to this one:
 * writes the process id. fd stays the caller's. */
int lock_adopt(const struct runtime *rt, int fd, struct err *e);

/* True while some process holds the lock; *pid is its process id, or 0. */
bool lock_is_held(const struct runtime *rt, pid_t *pid);

#endif
