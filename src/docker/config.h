/* config: currentContext in Docker's config.json, every other key kept. */
#ifndef DOCKTETHER_DOCKER_CONFIG_H
#define DOCKTETHER_DOCKER_CONFIG_H

#include "base/err.h"
#include "base/mem.h"

#include <stdbool.h>

/* *name is allocated; NULL when Docker's own default is current (the key or
 * the file is absent, or it is "default"). */
int config_current(char **name, struct err *e);

/* Sets it; NULL or "default" removes the key. The file is written as Docker
 * writes it: tab-indented, the order of keys kept, a symbolic link followed
 * and its target replaced, mode kept (0600 for a new one). A config.json that
 * does not parse is an error and stays as it is. Nothing is written when
 * nothing changes. */
int config_set_current(const char *name, struct err *e);

/* Takes the key out if NAME is current; *left tells whether it was. */
int config_leave(const char *name, bool *left, struct err *e);

/* The engine that Docker's CLI would use now, in its order: non-empty DOCKER_HOST, then
 * DOCKER_CONTEXT, then currentContext. */
enum config_source {
    CONFIG_SOURCE_DEFAULT,
    CONFIG_SOURCE_CONFIG,
    CONFIG_SOURCE_CONTEXT_ENV,
    CONFIG_SOURCE_HOST_ENV
};

/* *value is allocated: a URL for CONFIG_SOURCE_HOST_ENV, else the name of a
 * context ("default" for CONFIG_SOURCE_DEFAULT). */
int config_effective(enum config_source *source, char **value, struct err *e);

/* The hosts (URLs) for which config.json has `proxies`, with "default" where
 * there is one, and the file's path (allocated; path may be NULL). *hosts must
 * be empty. */
int config_proxies(struct strv *hosts, char **path, struct err *e);

#endif
