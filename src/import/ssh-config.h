/* ssh-config: OpenSSH's configuration of a host, by `ssh -G`. */
#ifndef DOCKTETHER_IMPORT_SSH_CONFIG_H
#define DOCKTETHER_IMPORT_SSH_CONFIG_H

#include "base/err.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stdint.h>

/* Zero-initialised when empty. "none" is NULL, or an empty list. */
struct ssh_config {
    char *hostname, *user;
    int64_t port;
    char *proxy_jump, *proxy_command, *host_key_alias;
    char *hash;  /* %C */
    char *agent; /* as a profile has it: "no" or a path; NULL: as usual */
    /* Existing files (the .pub where the private key is missing); empty when ssh would
     * use its defaults. */
    struct strv identities;
    bool identities_only;     /* no other key of the agent is offered */
    struct strv certificates; /* existing files */
    struct strv known_hosts;  /* files of the user and of the system, that need not be there */
    struct strv notes;        /* settings that a profile cannot hold as they are, a sentence each */
};

/* Asks ssh, and keeps the defaults, which are the same for every host. */
struct ssh_config_reader;

struct ssh_config_reader *ssh_config_reader_new(void);
void ssh_config_reader_free(struct ssh_config_reader *r);

/* Runs ssh -G without a shell, once for a host, for at most five seconds and 256 KiB.
 * ssh reads the user's configuration as it does for a connection, which may run a
 * command of `Match exec`; it connects to nothing. user may be NULL and port 0: those of
 * the configuration. 0; 1 when there is no ssh on this machine; -1 with an error. */
int ssh_config_resolve(struct ssh_config_reader *r, const char *host, const char *user, int64_t port,
                       struct ssh_config *c, struct err *e);
void ssh_config_clear(struct ssh_config *c);

/* Takes the lines of `ssh -G` as they are into *c, which is empty; cuts text up. The
 * lists hold the values as ssh printed them, with their tokens. */
void ssh_config_parse(struct ssh_config *c, char *text);

#endif
