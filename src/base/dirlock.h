/* dirlock: a directory that is locked from the reading of a file in it to the end of the
 * writing, so that no change undoes another. Processes that do not lock it are not held up. */
#ifndef DOCKTETHER_BASE_DIRLOCK_H
#define DOCKTETHER_BASE_DIRLOCK_H

#include "base/err.h"

#include <stdint.h>

/* Waits for at most timeout_ms. Returns 0 with a lock for dirlock_release(); 1 when there
 * is no such directory (no error is set); -1 with an error, also when the time is over.
 * Where the file system has no locks the directory is merely held open: the last writer wins
 * there. The lock is the descriptor's: a process that takes it twice waits for itself. */
int dirlock_take(const char *dir, int64_t timeout_ms, int *lock, struct err *e);

/* -1 is no lock. */
void dirlock_release(int lock);

#endif
