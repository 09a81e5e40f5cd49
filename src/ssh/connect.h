/* connect: from a profile to an authenticated session: name, TCP, handshake,
 * host key, authentication, each with a deadline of its own. */
#ifndef DOCKTETHER_SSH_CONNECT_H
#define DOCKTETHER_SSH_CONNECT_H

#include "base/err.h"
#include "ssh/auth-methods.h"
#include "ssh/connect-request.h"
#include "ssh/session.h"
#include "store/profile.h"

#include <stdbool.h>
#include <stddef.h>

/* Blocks: call it in a worker thread. Each phase takes at most the profile's
 * connect-timeout. The pins are compared before any authentication; without
 * pins nothing is even dialled (ERR_HOSTKEY).
 *
 * *refused (may be NULL): the host's key was refused, or the server refused ours,
 * and trying again by itself makes no sense. Not so when the server offers no key of
 * a pinned type, also ERR_HOSTKEY: its list comes before anything is authenticated
 * (RFC 4253 7.1), and may have been garbled on the way; and not so when an agent is
 * the reason (layer "agent"), which may be there or sign the next time. */
struct session *connect_host(const struct connect_request *rq, bool *refused, struct err *e);

/* ---- phase by phase, for callers that look in between ------------------------ */

struct connect;

/* Does nothing yet. rq is copied; what it points to must outlive c. */
struct connect *connect_new(const struct connect_request *rq);
void connect_free(struct connect *c);

/* Call each once, in this order and as long as they succeed; each takes as long
 * and fails as it does within connect_host(). Name and TCP, banner and key
 * exchange share their time. Without pins every type of host key is accepted by
 * connect_exchange(), and refused by connect_trust(). */
int connect_resolve(struct connect *c, struct err *e); /* nothing with a way of its own */
int connect_dial(struct connect *c, struct err *e);
int connect_banner(struct connect *c, struct err *e);
int connect_exchange(struct connect *c, struct err *e);
int connect_trust(struct connect *c, struct err *e);
int connect_login(struct connect *c, struct err *e);

/* Between trust and login, once: see auth_methods_ask(). connect_host() does without. */
int connect_ask_methods(struct connect *c, struct auth_methods *m, struct err *e);

/* After connect_login(): the session, which is the caller's. */
struct session *connect_take(struct connect *c, struct err *e);

/* What the phases have brought so far, for people; "" before that. Names until
 * the connection is freed, or the session. */
const char *connect_addresses(const struct connect *c, char *buf,
                              size_t size);                                /* of the name, as many as fit */
const char *connect_peer(const struct connect *c, char *buf, size_t size); /* the one that answered */
const struct session *connect_session(const struct connect *c);            /* NULL before its banner */

/* Sets the error of a profile without pins, for callers that check early. */
int connect_check_pins(const struct profile *p, struct err *e);

#endif
