/* lock: the file whose lock makes a process the tether of a profile. */
#ifndef DOCKTETHER_CONTROL_LOCK_H
#define DOCKTETHER_CONTROL_LOCK_H

#include "store/runtime.h"

#include <sys/types.h>

/* Takes the lock that makes this process NAME's tether, for as long as *fd is
 * open, and writes the process id into it. 0; 1 when another process holds
 * it; -1 on an error. */
int lock_take(const struct runtime *rt, int *fd, struct err *e);

/* The same for a process that only removes what a dead tether has left: the file names no
 * process, so that no other process takes this one for a tether that hangs. */
int lock_take_to_clean(const struct runtime *rt, int *fd, struct err *e);

/* The same for a lock that another process took and passed on to this one:
 * writes the process id. fd stays the caller's. */
int lock_adopt(const struct runtime *rt, int fd, struct err *e);

/* True while some process holds the lock; *pid is its process id, or 0. */
bool lock_is_held(const struct runtime *rt, pid_t *pid);

/* A process that holds the lock, to be signalled and waited for. Its number alone is not
 * enough: it may be that of another process by now, or come from another PID namespace that
 * shares the runtime directory. */
struct lock_holder {
    pid_t pid; /* 0: there is none that this process can see */
    int fd;    /* a pidfd; -1: this system has none */
};

struct lock_holder lock_find_holder(const struct runtime *rt);
void lock_forget_holder(struct lock_holder *h);

/* Sends the signal, if the process holds the lock still. */
void lock_signal_holder(const struct runtime *rt, const struct lock_holder *h, int number);

/* Waits until the process has ended, also when its parent has not collected it; false when
 * it has not after ms. Where the system has no pidfd an uncollected process counts as running. */
bool lock_await_holder(const struct lock_holder *h, int64_t ms);

#endif
