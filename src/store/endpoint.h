/* endpoint: ssh://[USER@]HOST[:PORT][/PATH/OF/docker.sock] */
#ifndef DOCKTETHER_STORE_ENDPOINT_H
#define DOCKTETHER_STORE_ENDPOINT_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct endpoint {
    char *user;    /* NULL when the URL has none */
    char *host;    /* without the brackets of an IPv6 address */
    uint16_t port; /* 0 when the URL has none */
    char *path;    /* NULL when the URL has none ("/" counts as none) */
};

/* A password in the URL is refused without being repeated in the message, as
 * are queries, fragments, empty hosts and values that are not ok below.
 * Errors are ERR_USAGE. On failure *ep is empty. */
int endpoint_parse(const char *url, struct endpoint *ep, struct err *e);
void endpoint_clear(struct endpoint *ep);

/* The values that a profile may hold, whether from a URL or not. A host: letters, digits and
 * ". _ - :" with an optional "%zone" for IPv6, at most 253 bytes, no leading
 * "-", not dots alone. A user, as ssh takes it: no controls, none of :'"`;&<>|(){}, no "-" in front
 * or behind a blank, no blank at an end, no final "\", at most 64 bytes. A remote
 * socket: absolute, no controls, at most 107 bytes (the sun_path of the other side). */
bool endpoint_host_ok(const char *host);
bool endpoint_user_ok(const char *user);
bool endpoint_path_ok(const char *path);

/* The reason why it cannot be a user name, as "holds ...": a constant, or flaw; NULL when
 * it can. */
#define ENDPOINT_FLAW_SIZE 80
const char *endpoint_user_flaw(const char *user, char flaw[ENDPOINT_FLAW_SIZE]);

/* "ssh://user@host:port" with brackets where needed and port 22 left out;
 * allocated. user may be NULL. */
char *endpoint_format(const char *user, const char *host, uint16_t port);

#endif
