/* handshake: banners and key exchange (RFC 4253) of a session, blocking. */
#ifndef DOCKTETHER_SSH_HANDSHAKE_H
#define DOCKTETHER_SSH_HANDSHAKE_H

#include "base/err.h"
#include "ssh/session.h"
#include "ssh/wait.h"

/* The server's banner alone; handshake_run() goes on from there. target is what
 * errors call the server. 0 or -1. */
int handshake_banner(struct session *s, const struct wait *w, const char *target, struct err *e);

/* Banners and key exchange. 0; -1 with ERR_UNREACHABLE, or with ERR_HOSTKEY when
 * the server has no key of an accepted type. */
int handshake_run(struct session *s, const struct wait *w, const char *target, struct err *e);

#endif
