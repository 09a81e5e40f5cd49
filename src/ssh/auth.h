/* auth: the login of a session, by public key only (RFC 4252 7). */
#ifndef DOCKTETHER_SSH_AUTH_H
#define DOCKTETHER_SSH_AUTH_H

#include "base/err.h"
#include "ssh/connect-request.h"
#include "ssh/session.h"
#include "ssh/wait.h"

/* Offers the keys of rq in order and notes in the session which one logged in. 0
 * or -1. */
int auth_run(struct session *s, const struct connect_request *rq, const struct wait *w, struct err *e);

#endif
