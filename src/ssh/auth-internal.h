/* auth-internal: a login under way; auth.c makes it, auth-errors.c explains it. */
#ifndef DOCKTETHER_SSH_AUTH_INTERNAL_H
#define DOCKTETHER_SSH_AUTH_INTERNAL_H

#include "base/mem.h"
#include "ssh/auth.h"
#include "ssh/identity-internal.h"
#include "ssh/session-internal.h"

/* One authentication under way. */
struct attempt {
    struct session *s;
    const struct profile *p;
    const struct identities *ids;
    const struct connect_request *rq;
    struct agent_call call;
    struct agent_filter *filter; /* once it is needed */
    struct strv in_agent;        /* what the agent holds, once it was asked */
    bool asked;
    struct err agent_error; /* why it cannot be used */

    struct strv offered;  /* blobs */
    bool refused;         /* by the server, at least one */
    char last[200];       /* what was offered last, for people */
    char taken[200];      /* what a server that wants several has taken, or "" */
    char not_signed[200]; /* what the agent refused to sign with, or "" */
    char missing[200];    /* what the agent has not got, or "" */
    char expired[200];    /* why a certificate may have been refused, or "" */
};

/* Set the error of a login that no key of ours has passed: the server answered, or
 * the connection broke off. Both return -1. */
int auth_refused(struct attempt *a, struct err *e);
int auth_broken(struct attempt *a, struct err *e);

#endif
