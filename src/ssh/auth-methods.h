/* auth-methods: the methods by which a server lets users log in. */
#ifndef DOCKTETHER_SSH_AUTH_METHODS_H
#define DOCKTETHER_SSH_AUTH_METHODS_H

#include "base/err.h"
#include "ssh/session.h"
#include "ssh/wait.h"

#include <stdbool.h>

struct auth_methods {
    bool publickey, password, interactive;
    bool nothing;   /* the server let us in without any: there is nothing left to log in to */
    char names[96]; /* all of them, for people: "publickey, password" */
};

/* Asks between key exchange and login; one request more than a login needs. */
int auth_methods_ask(struct session *s, const struct wait *w, struct auth_methods *m, struct err *e);

#endif
