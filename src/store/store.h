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
 * in and docktether.ini) are not written. What is written is read back and
 * compared before the rename. */
int store_save(const struct profile *p, bool create, struct err *e);

/* ERR_PROFILE when there is none. */
int store_remove(const char *name, struct err *e);

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
