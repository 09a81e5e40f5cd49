/* path: where things live. Nothing here creates anything.
 *
 * Every function returns an allocated absolute path, or NULL and an error
 * (ERR_FAILED) when no home directory can be found or a variable holds a
 * relative path. Environment: HOME, XDG_CONFIG_HOME, XDG_STATE_HOME,
 * XDG_RUNTIME_DIR, DOCKER_CONFIG. */
#ifndef DOCKTETHER_BASE_PATH_H
#define DOCKTETHER_BASE_PATH_H

#include "base/err.h"

#include <stddef.h>

/* A home directory that there is not: for a user without one, as Debian's password file has it. */
#define PATH_NO_HOME "/nonexistent"

char *path_home(struct err *e);       /* $HOME, else the password database */
char *path_config_dir(struct err *e); /* $XDG_CONFIG_HOME/docktether */
char *path_user_units(struct err *e); /* $XDG_CONFIG_HOME/systemd/user */
char *path_state_dir(struct err *e);  /* $XDG_STATE_HOME/docktether */

/* $XDG_RUNTIME_DIR/docktether; without it /run/user/UID/docktether when
 * /run/user/UID is ours, else the state directory's run/. Never /tmp. */
char *path_runtime_dir(struct err *e);

/* The same without the last of these: NULL, and no error, where there is neither. */
char *path_login_dir(struct err *e);

/* A directory in which only we and root can replace our files: $TMPDIR if it is one,
 * else /tmp. */
char *path_temporary_dir(void);

char *path_docker_config(struct err *e); /* $DOCKER_CONFIG or ~/.docker */

/* "~" and "~/x" are expanded; an absolute path is copied; anything else is an
 * error: a profile is used from any working directory. */
char *path_expand(const char *path, struct err *e);

/* The inverse, for people: "~/x" for a path in the home directory. */
char *path_display(const char *path);

/* The path of the running program, allocated. */
char *path_program(struct err *e);

#endif
