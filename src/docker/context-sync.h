/* context-sync: the Docker context that shows a profile to Docker's own programs. */
#ifndef DOCKTETHER_DOCKER_CONTEXT_SYNC_H
#define DOCKTETHER_DOCKER_CONTEXT_SYNC_H

#include "base/err.h"
#include "store/profile.h"

/* Fails when Docker has a context of that name which is not ours and the
 * profile wants one: to be asked before anything is written. */
int context_sync_check(const struct profile *p, struct err *e);

/* The next two are called with the lock of the store held, the last two take it. */

/* Takes the profile's context away, and says so where it was Docker's current
 * one. One that is not there or not ours is no error. */
int context_sync_remove(const char *name, struct err *e);

/* Writes the profile's context, or takes it away when it wants none. */
int context_sync(const struct profile *p, struct err *e);

/* Saves a new profile, and its context. Either both are there afterwards, or
 * none; one that is there already is an error and stays as it is, as is a way that does
 * not lead anywhere (see via-chain.h). */
int context_sync_new(const struct profile *p, struct err *e);

/* As store_update(), with the context. */
int context_sync_update(const struct profile *old, struct profile *p, struct err *e);

#endif
