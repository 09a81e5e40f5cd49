/* store: named profiles on disk, $XDG_CONFIG_HOME/docktether/profiles/NAME.ini,
 * and the defaults in docktether.ini beside that directory. */
#ifndef DOCKTETHER_STORE_STORE_H
#define DOCKTETHER_STORE_STORE_H

#include "base/err.h"
#include "base/mem.h"
#include "store/profile.h"

#include <stdbool.h>

/* A profile with the built-in defaults and those of docktether.ini on top.
 * NULL and ERR_PROFILE when that file is bad. */
struct profile *store_new_profile(const char *name, struct err *e);

/* NULL and an error when it is not there (ERR_PROFILE, with the nearest name
 * or `docktether ls` as hint), bad, or could have been written by others. */
struct profile *store_load(const char *name, struct err *e);

/* Writes the whole profile, 0600, atomically. With create == true a profile of
 * that name must not exist (ERR_FAILED). Values equal to the defaults (built
 * in and docktether.ini) are not written. The text is parsed again and compared with p
 * before the file is replaced. */
int store_save(const struct profile *p, bool create, struct err *e);

/* ERR_PROFILE when there is none. */
int store_remove(const char *name, struct err *e);

/* Changes wait for one another, so that none undoes another: the lock is held from the load
 * that a change is based on until everything is written, including Docker's context and
 * config.json. It is never held during a question to a person or to a server. Makes the
 * directory of the profiles if there is none. -1 and an error after 15 seconds, and *lock
 * is -1. A process that takes it twice waits for itself: functions that take it say so,
 * here and in context-sync.h. */
int store_lock(int *lock, struct err *e);
void store_unlock(int lock);

/* With the lock held: the profile as it is stored now, with the differences between old (as
 * it was loaded without the lock) and p applied to it. Added and removed pins are applied
 * one by one. NULL and an error, also when the profile is gone. */
struct profile *store_merge(const struct profile *old, const struct profile *p, struct err *e);

/* Takes the lock and saves that; p becomes the stored profile. */
int store_update(const struct profile *old, struct profile *p, struct err *e);

bool store_exists(const char *name);

/* The names of all profiles, sorted, broken ones included. *names must be
 * empty. An absent store is empty. */
int store_list(struct strv *names, struct err *e);

/* The file of a profile, allocated; NULL and an error without a home. */
char *store_path(const char *name, struct err *e);

/* SHA-256 (hex) of the profile's canonical text with all defaults applied:
 * equal when two profiles would make the same tether. out holds 65 bytes. */
void store_fingerprint(const struct profile *p, char *out);

#endif
