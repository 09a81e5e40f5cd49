#include "ssh/internal.h"

#include <string.h>
#include <sys/socket.h>

/* What the server said first, for an error message. */
struct greeting {
    char text[64];
    bool seen;
};

/* Looks without taking: libssh reads it afterwards. */
static void peek(struct session *s, struct greeting *g)
{
    if (g->seen)
        return;
    ssize_t n = recv(s->poll_fd, g->text, sizeof g->text - 1, MSG_PEEK | MSG_DONTWAIT);
    if (n <= 0)
        return;
    g->seen = true;
    g->text[n] = '\0';
    g->text[strcspn(g->text, "\r\n")] = '\0';
}

static int describe(struct session *s, const struct greeting *g, const char *target, struct err *e)
{
    const char *why = ssh_get_error(s->ssh);

    if (g->seen && strncmp(g->text, "SSH-", 4) != 0) {
        err_set(e, ERR_UNREACHABLE, "SSH", "%s is no SSH server: it says \"%s\"", target, g->text);
        return err_hint(e, "is the port right?");
    }
    if (!g->seen) {
        err_set(e, ERR_UNREACHABLE, "SSH", "%s closed the connection before it said anything", target);
        return err_hint(e, "too many logins at once (MaxStartups), a ban of this address, or the wrong port");
    }
    if (strstr(why, "server host key algo") != NULL) {
        return err_set(e, ERR_HOSTKEY, "host key", "%s has no key of a pinned type (%s)", target, why);
    }
    err_set(e, ERR_UNREACHABLE, "SSH", "the handshake with %s failed: %s", target, why);
    if (strstr(why, "kex error") != NULL)
        return err_hint(e,
                        "the two sides have no algorithm in common; `ssh -vv` shows what the server offers");
    return err_hint(e, "is the port right? `ssh -v` to the same host and port shows another client's view");
}

int handshake_run(struct session *s, const struct wait *w, const char *target, struct err *e)
{
    struct greeting g = { .seen = false };

    for (;;) {
        int rc = ssh_connect(s->ssh);
        if (rc == SSH_OK)
            return 0;
        peek(s, &g);
        if (rc == SSH_ERROR || session_lost(s))
            return describe(s, &g, target, e);
        if (session_wait(s, w, "SSH", e) != 0) {
            if (e != NULL && e->code == ERR_UNREACHABLE) {
                if (session_lost(s))
                    return describe(s, &g, target, e);
                err_set(e, ERR_UNREACHABLE, "SSH", "%s does not answer as an SSH server%s", target,
                        g.seen ? "" : ": it accepts the connection and stays silent");
                err_hint(e, "is the port right, and is the host overloaded?");
            }
            return -1;
        }
        peek(s, &g);
    }
}
