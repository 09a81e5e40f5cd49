/* docker-version: Docker's own program. */
#ifndef DOCKTETHER_CLI_DOCKER_VERSION_H
#define DOCKTETHER_CLI_DOCKER_VERSION_H

/* What `docker --version` says ("28.2.2"), allocated; NULL without a docker in
 * PATH, or when it does not answer within two seconds. Contacts no engine. */
char *docker_version(void);

#endif
