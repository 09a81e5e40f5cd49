#include "ssh/auth-methods.h"

#include "ssh/auth-methods-internal.h"
#include "ssh/session-internal.h"

#include <stdio.h>
#include <string.h>

static const struct {
    int flag;
    const char *name;
} known[] = {
    { SSH_AUTH_METHOD_PUBLICKEY, "publickey" },
    { SSH_AUTH_METHOD_PASSWORD, "password" },
    { SSH_AUTH_METHOD_INTERACTIVE, "keyboard-interactive" },
    { SSH_AUTH_METHOD_HOSTBASED, "hostbased" },
    { SSH_AUTH_METHOD_GSSAPI_MIC, "gssapi-with-mic" },
};

const char *auth_methods_names(int flags, char *buf, size_t size)
{
    size_t used = 0;

    snprintf(buf, size, "another method");
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (flags & known[i].flag && used < size)
            used += (size_t)snprintf(buf + used, size - used, "%s%s", used > 0 ? ", " : "", known[i].name);
    return buf;
}

static void take(struct auth_methods *m, int flags)
{
    m->publickey = flags & SSH_AUTH_METHOD_PUBLICKEY;
    m->password = flags & SSH_AUTH_METHOD_PASSWORD;
    m->interactive = flags & SSH_AUTH_METHOD_INTERACTIVE;
    if (flags != 0)
        auth_methods_names(flags, m->names, sizeof m->names);
}

/* RFC 4252 5.2: "none" is there to be refused with the list of the others, and
 * sshd does not count it as an attempt. */
int auth_methods_ask(struct session *s, const struct wait *w, struct auth_methods *m, struct err *e)
{
    int rc;

    memset(m, 0, sizeof *m);
    while ((rc = ssh_userauth_none(s->ssh, NULL)) == SSH_AUTH_AGAIN && !session_lost(s))
        if (session_wait(s, w, "authentication", e) != 0)
            return -1;
    if (session_lost(s) || rc == SSH_AUTH_ERROR)
        return err_set(e, ERR_AUTH, "authentication", "the server does not list its login methods: %s",
                       ssh_get_error(s->ssh));
    if (rc == SSH_AUTH_SUCCESS) {
        m->nothing = true;
        snprintf(m->names, sizeof m->names, "none");
    } else {
        take(m, ssh_userauth_list(s->ssh, NULL));
    }
    return 0;
}
