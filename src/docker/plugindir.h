/* plugindir: the directories in which Docker's CLI looks for plugins, and our link
 * in the user's own. */
#ifndef DOCKTETHER_DOCKER_PLUGINDIR_H
#define DOCKTETHER_DOCKER_PLUGINDIR_H

#include "base/err.h"

/* The file that the CLI would take for our plugin, allocated; NULL when there is
 * none. */
char *plugindir_find(void);

/* $DOCKER_CONFIG/cli-plugins/docker-tether, allocated. */
char *plugindir_link(struct err *e);

/* Makes that a symbolic link to program (absolute). 0; 1 when it leads there
 * already. Any other file of that name is left alone (ERR_FAILED). */
int plugindir_install(const char *program, struct err *e);

/* Removes it. 0; 1 when there is none. Any other file is left alone (ERR_FAILED). */
int plugindir_remove(struct err *e);

#endif
