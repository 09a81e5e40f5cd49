/* hooks: the entry of config.json that makes Docker's CLI call our plugin after a command;
 * every other byte of the file is kept. */
#ifndef DOCKTETHER_DOCKER_HOOKS_H
#define DOCKTETHER_DOCKER_HOOKS_H

#include "base/err.h"

#include <stdbool.h>

enum hooks {
    HOOKS_OFF,
    HOOKS_ALWAYS,   /* "hooks": after every command, all that the CLI knew before 29.3 */
    HOOKS_ON_ERROR, /* "error-hooks" */
};

/* *effective (may be NULL): the CLI has hooks enabled at all (features.hooks). */
int hooks_get(enum hooks *hooks, bool *effective, struct err *e);

/* HOOKS_OFF takes the entry out again, and features.hooks back to what it was,
 * unless it was nothing and another plugin has hooks. Nothing is written when nothing
 * changes. */
int hooks_set(enum hooks hooks, struct err *e);

/* The best kind of hook that the CLI of this version ("28.2.2") knows. */
enum hooks hooks_known(const char *version);

#endif
