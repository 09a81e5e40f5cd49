/* ssh-tokens: the tokens (%h, %u, ...) and ${VARIABLES} that ssh_config(5) allows in the
 * names of files. */
#ifndef DOCKTETHER_IMPORT_SSH_TOKENS_H
#define DOCKTETHER_IMPORT_SSH_TOKENS_H

#include <stddef.h>
#include <stdint.h>

struct ssh_tokens {
    const char *name;                              /* %n: the host as it was asked for */
    const char *host, *user, *jump, *alias, *hash; /* %h, %r, %j, %k, %C; NULL where ssh gives none */
    int64_t port;                                  /* %p */
};

#define SSH_TOKENS_WHY_SIZE 100

/* Allocated. NULL, with why it is, for a token that only a connection gives a value
 * (%f, %H, %I, %K, %t, %T), for an unknown one, and for a variable that is not set:
 * ssh refuses those too. */
char *ssh_tokens_expand(const char *text, const struct ssh_tokens *t, char why[SSH_TOKENS_WHY_SIZE]);

#endif
