#include "ssh/handshake.h"

#include "ssh/session-internal.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define EXCHANGE_PACKETS_MAX 1000

/* Looks without taking: libssh reads it afterwards. */
static void peek(struct session *s)
{
    struct greeting *g = &s->greeting;

    /* With the banner taken, what waits there is no greeting. */
    if (g->seen || ssh_get_serverbanner(s->ssh) != NULL)
        return;
    ssize_t n = recv(s->poll_fd, g->text, sizeof g->text - 1, MSG_PEEK | MSG_DONTWAIT);
    if (n <= 0)
        return;
    g->seen = true;
    g->text[n] = '\0';
    g->text[strcspn(g->text, "\r\n")] = '\0';
}

/* What sshd says in place of a banner to a connection that it does not take for now. */
static int turned_down(const char *says, const char *target, struct err *e)
{
    static const struct {
        const char *says, *means, *hint;
    } known[] = {
        { "Exceeded MaxStartups", "has too many logins under way and takes no other for the moment",
          "wait until some of them are over, then again; MaxStartups in its sshd_config is the limit" },
        /* OpenSSH 9.8 and newer, for that too. It locks out for at least 15 s, ten minutes at most,
         * unless its configuration says otherwise. */
        { "Not allowed at this time", "takes no login from here for the moment",
          "too many logins are under way (MaxStartups in its sshd_config), or refused and unfinished ones "
          "have locked this address out, for 15 s up to ten minutes (PerSourcePenalties): wait, then again" },
    };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(says, known[i].says) != 0)
            continue;
        err_set(e, ERR_UNREACHABLE, "SSH", "%s %s: it says \"%s\"", target, known[i].means, says);
        err_hint(e, "%s", known[i].hint);
        if (e != NULL)
            e->later = true;
        return -1;
    }
    return 0;
}

static struct session *session_of(struct call_context *c)
{
    return (struct session *)(void *)((char *)c - offsetof(struct session, context));
}

/* libssh sets the reason, closes its socket, and may then set another one out of
 * whatever errno is. The first is kept: at this level it logs each one. */
static void on_log(int priority, const char *function, const char *text, void *user)
{
    struct session *s = user != NULL ? session_of(user) : NULL;
    const char *why = s != NULL ? ssh_get_error(s->ssh) : "";
    const size_t len = strlen(why), all = strlen(text);

    (void)priority;
    (void)function;
    if (s != NULL && len > 0 && s->first_error[0] == '\0' && all >= len && strcmp(text + all - len, why) == 0)
        snprintf(s->first_error, sizeof s->first_error, "%s", why);
}

static int connect_logged(struct session *s)
{
    ssh_set_log_callback(on_log);
    ssh_set_log_level(SSH_LOG_TRACE);
    session_enter(s);
    int rc = ssh_connect(s->ssh);
    session_leave(s);
    ssh_set_log_level(SSH_LOG_NOLOG);
    return rc;
}

/* The key is pinned, or not yet compared: somebody in between can show it, for it
 * is public, and cannot sign with it. */
static int forged(struct session *s, const char *target, struct err *e)
{
    s->forged = true;
    err_set(e, ERR_HOSTKEY, "host key",
            "%s presents a host key and does not prove that it holds it (the signature is wrong)", target);
    return err_hint(e, "this may be an attack: try again from another network, and compare with the "
                       "host itself (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub)");
}

static int describe(struct session *s, const char *target, struct err *e)
{
    const struct greeting *g = &s->greeting;
    const char *why = s->first_error[0] != '\0' ? s->first_error : session_reason(s);

    /* Lines may stand before the banner (RFC 4253 4.2): they do not make it another protocol. */
    const bool no_banner = ssh_get_serverbanner(s->ssh) == NULL;

    if (g->seen && no_banner && turned_down(g->text, target, e) != 0)
        return -1;
    if (g->seen && no_banner && strncmp(g->text, "SSH-", 4) != 0) {
        err_set(e, ERR_UNREACHABLE, "SSH", "%s is no SSH server: it says \"%s\"", target, g->text);
        return err_hint(e, "is the port right?");
    }
    if (!g->seen && no_banner) {
        err_set(e, ERR_UNREACHABLE, "SSH", "%s closed the connection before it said anything", target);
        return err_hint(e, "too many logins at once (MaxStartups), a ban of this address, or the wrong port");
    }
    if (strstr(why, "server host key algo") != NULL) {
        return err_set(e, ERR_HOSTKEY, "host key", "%s has no key of a pinned type (%s)", target, why);
    }
    if (strstr(why, "verify server hostkey signature") != NULL)
        return forged(s, target, e);
    if (*why == '\0')
        why = "the server broke the protocol, and libssh does not say how";
    err_set(e, ERR_UNREACHABLE, "SSH", "the handshake with %s failed: %s", target, why);
    if (strstr(why, "kex error") != NULL)
        return err_hint(e,
                        "the two sides have no algorithm in common; `ssh -vv` shows what the server offers");
    return err_hint(e, "is the port right? `ssh -v` to the same host and port shows another client's view");
}

static int timed_out(struct session *s, const char *target, struct err *e)
{
    if (session_lost(s))
        return describe(s, target, e);
    err_set(e, ERR_UNREACHABLE, "SSH", "%s does not answer as an SSH server%s", target,
            s->greeting.seen || ssh_get_serverbanner(s->ssh) != NULL
                ? ""
                : ": it accepts the connection and stays silent");
    return err_hint(e, "is the port right, and is the host overloaded?");
}

/* A server that is not trusted yet, that sends what it should not and reads no
 * answer: libssh would keep the answers, up to 256 MiB. A key exchange has a dozen
 * packets. */
static bool floods(const struct session *s)
{
    return s->packets.in_packets > EXCHANGE_PACKETS_MAX && (ssh_get_status(s->ssh) & SSH_WRITE_PENDING) != 0;
}

/* Until the keys are exchanged, or only until the server's banner is there. */
static int shake(struct session *s, const struct wait *w, bool all, const char *target, struct err *e)
{
    struct err why = ERR_INIT;

    while (!s->shaken && (all || ssh_get_serverbanner(s->ssh) == NULL)) {
        int rc = s->refused ? SSH_ERROR : connect_logged(s);
        s->shaken = rc == SSH_OK;
        if (s->shaken)
            break;
        s->refused = rc == SSH_ERROR || session_lost(s);
        peek(s);
        /* What else went wrong in the same call is the key exchange's. */
        if (!all && ssh_get_serverbanner(s->ssh) != NULL)
            break;
        if (s->refused)
            return describe(s, target, e);
        if (floods(s))
            return err_set(e, ERR_UNREACHABLE, "SSH", "%s sends packets without end before the key exchange",
                           target);
        if (session_wait(s, w, "SSH", &why) != 0) {
            if (why.code == ERR_UNREACHABLE)
                return timed_out(s, target, e);
            if (e != NULL)
                *e = why;
            return -1;
        }
        peek(s);
    }
    return 0;
}

int handshake_banner(struct session *s, const struct wait *w, const char *target, struct err *e)
{
    return shake(s, w, false, target, e);
}

int handshake_run(struct session *s, const struct wait *w, const char *target, struct err *e)
{
    return shake(s, w, true, target, e);
}
