#include "ssh/auth-internal.h"

#include "ssh/auth-methods-internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reasons of SSH_MSG_DISCONNECT (RFC 4253 11.1). */
#define PROTOCOL_ERROR 2
#define NO_MORE_AUTH_METHODS 14

/* What libssh says, less its prefix. */
static const char *reason(struct attempt *a)
{
    const char *why = ssh_get_error(a->s->ssh);
    const char *bye = strstr(why, "SSH_MSG_DISCONNECT: ");

    return bye != NULL ? bye + strlen("SSH_MSG_DISCONNECT: ") : why;
}

static int nothing_offered(struct attempt *a, struct err *e)
{
    if (a->missing[0] != '\0') {
        err_set(e, ERR_AUTH, "agent", "the agent at %s does not hold the key %s", a->ids->agent, a->missing);
        return err_hint(
            e, "ssh-add -l shows what it holds; ssh-add FILE (a token: ssh-add -K, or -s PROVIDER) adds it");
    }
    if (a->agent_error.code != ERR_NONE) {
        if (e != NULL)
            *e = a->agent_error;
        return -1;
    }
    err_set(e, ERR_AUTH, "authentication", "there is no key to offer");
    return err_hint(e, "ssh-add -l shows what the agent holds");
}

/* Why another key could have been offered and was not, for a hint. */
static const char *left_out(const struct attempt *a, char *buf, size_t size)
{
    if (a->not_signed[0] != '\0')
        snprintf(buf, size, "the agent refused to sign with %s; ", a->not_signed);
    else if (a->missing[0] != '\0')
        snprintf(buf, size, "the agent does not hold %s; ", a->missing);
    else if (a->agent_error.code != ERR_NONE)
        snprintf(buf, size, "%.200s; ", a->agent_error.msg);
    else if (a->expired[0] != '\0')
        snprintf(buf, size, "%s; ", a->expired);
    else
        buf[0] = '\0';
    return buf;
}

static int wants_more(struct attempt *a, struct err *e)
{
    const int methods = ssh_userauth_list(a->s->ssh, NULL);
    char buf[300];

    if (methods & SSH_AUTH_METHOD_PUBLICKEY) {
        err_set(e, ERR_AUTH, "authentication", "%s@%s accepted the key %s and also requires another one%s",
                a->p->user, a->p->host, a->taken, a->refused ? ", but refused the rest" : "");
        return err_hint(e, "%sname all that it asks for: %s--identity FILE --identity FILE",
                        left_out(a, buf, sizeof buf), a->p->change);
    }
    err_set(e, ERR_AUTH, "authentication",
            "%s@%s accepted the key %s and also requires %s, which docktether does not support", a->p->user,
            a->p->host, a->taken, auth_methods_names(methods, buf, sizeof buf));
    return err_hint(e,
                    "let keys alone do for this user: AuthenticationMethods publickey in the server's "
                    "sshd_config, under Match User %s",
                    a->p->user);
}

static int not_signed(struct attempt *a, struct err *e)
{
    err_set(e, ERR_AUTH, "agent", "the agent refused to sign with %s", a->not_signed);
    return err_hint(
        e, "was a confirmation declined (ssh-add -c)? A key that is bound to hosts (ssh-add -h) cannot be "
           "used: libssh cannot prove to the agent which host it is");
}

/* A certificate is trusted through its CA: authorized_keys would go round it. */
static bool hint_certificate(const struct attempt *a, struct err *e)
{
    char *file = NULL, *why = NULL;

    if (!identities_certificate(a->ids, a->p->user, &file, &why))
        return false;
    if (why != NULL)
        err_hint(e, "the certificate %s %s: its CA has to issue another one", file, why);
    else
        err_hint(e, "does sshd of %s trust the CA of the certificate %s (TrustedUserCAKeys)?", a->p->host,
                 file);
    free(why);
    free(file);
    return true;
}

/* Another answer of the agent may be another outcome: it is locked, empty or away for the
 * moment, or nobody was there to confirm. */
static bool agent_had_a_part(const struct attempt *a)
{
    return a->not_signed[0] != '\0' || a->missing[0] != '\0' || a->agent_error.code != ERR_NONE ||
           (a->ids->any_in_agent && a->ids->agent != NULL && a->in_agent.count == 0);
}

static int refused(struct attempt *a, struct err *e)
{
    const int both = SSH_AUTH_METHOD_PASSWORD | SSH_AUTH_METHOD_INTERACTIVE;
    const int methods = ssh_userauth_list(a->s->ssh, NULL);
    char buf[300];

    if (a->offered.count == 0)
        return nothing_offered(a, e);
    if (a->taken[0] != '\0')
        return wants_more(a, e);
    if (!a->refused)
        return not_signed(a, e);
    if (methods != 0 && (methods & SSH_AUTH_METHOD_PUBLICKEY) == 0) {
        err_set(e, ERR_AUTH, "authentication",
                "the server takes no public keys, only%s%s%s, which %s never tried",
                methods & SSH_AUTH_METHOD_PASSWORD ? " passwords" : "",
                (methods & both) == both ? " and" : "",
                methods & SSH_AUTH_METHOD_INTERACTIVE ? " keyboard-interactive" : "",
                (methods & both) == SSH_AUTH_METHOD_INTERACTIVE ? "is" : "are");
        return err_hint(e, "set PubkeyAuthentication yes in its sshd_config");
    }
    err_set(e, ERR_AUTH, "authentication", "%s@%s refused %s%s", a->p->user, a->p->host,
            a->offered.count > 1 ? "every key, the last one was " : "the key ", a->last);
    if (hint_certificate(a, e))
        return -1;
    return err_hint(e, "%sis its public half in %s's ~/.ssh/authorized_keys there? ssh-copy-id adds it",
                    left_out(a, buf, sizeof buf), a->p->user);
}

int auth_refused(struct attempt *a, struct err *e)
{
    (void)refused(a, e);
    if (e != NULL)
        e->passing = agent_had_a_part(a);
    return -1;
}

/* A server that has had enough of our keys says so: sshd by a protocol error, others by the
 * reason that is meant for it (RFC 4253 11.1). A connection that is merely gone, was garbled on
 * the way, or is ended because the server shuts down, tells nothing about them. */
static bool sent_away(struct attempt *a)
{
    static const char disconnect[] = "SSH_MSG_DISCONNECT: ";
    const char *why = ssh_get_error(a->s->ssh), *words = strstr(why, disconnect);

    if (words == NULL || strstr(why, "Packet corrupt") != NULL || strstr(why, "Packet integrity") != NULL)
        return false;
    const long number = strtol(words + strlen(disconnect), NULL, 10);
    return a->refused || number == PROTOCOL_ERROR || number == NO_MORE_AUTH_METHODS;
}

int auth_broken(struct attempt *a, struct err *e)
{
    const char *why = reason(a), *s = a->offered.count == 1 ? "" : "s";

    if (sent_away(a))
        err_set(e, ERR_AUTH, "authentication", "the server ended it after %zu key%s: %s", a->offered.count, s,
                *why ? why : "no reason given");
    else
        err_set(e, ERR_UNREACHABLE, "SSH",
                "the connection to %s was lost during the login, after %zu key%s: %s", a->p->host,
                a->offered.count, s, *why ? why : "no reason given");
    if (a->ids->any_in_agent && (a->refused || sent_away(a)))
        return err_hint(e, "the agent offers too many keys: %s%s", a->p->change,
                        a->p->identities.count > 0 ? "--set identities-only=yes" : "--identity FILE");
    return err_hint(e, "the server's own log (journalctl -u ssh) has more");
}
