/* ssh-config: what OpenSSH's configuration says of a host, by `ssh -G`. */
#ifndef DOCKTETHER_IMPORT_SSH_CONFIG_H
#define DOCKTETHER_IMPORT_SSH_CONFIG_H

#include "base/err.h"
#include "base/mem.h"

#include <stdint.h>

/* Zero-initialised when empty. "none" is NULL, or not there. */
struct ssh_config {
    char *hostname, *user;
    int64_t port;
    char *proxy_jump, *proxy_command, *host_key_alias;
    char *agent;              /* as a profile has it: "no" or a path; NULL: not said */
    struct strv identities;   /* files that are there; empty when ssh would use its defaults */
    struct strv certificates; /* likewise */
    struct strv known_hosts;  /* files of the user and of the system, that need not be there */
};

/* Runs ssh -G without a shell, for at most five seconds and 256 KiB. It reads
 * the user's configuration as a connection would, which may run a command of
 * `Match exec`, and connects to nothing. user may be NULL and port 0: what the
 * configuration says. 0; 1 when there is no ssh here; -1 with an error. */
int ssh_config_resolve(const char *host, const char *user, int64_t port, struct ssh_config *c, struct err *e);
void ssh_config_clear(struct ssh_config *c);

#endif
