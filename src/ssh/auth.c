#include "ssh/internal.h"

#include "base/mem.h"
#include "base/path.h"
#include "ssh/agent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One authentication under way. */
struct attempt {
    struct session *s;
    const struct profile *p;
    const struct identities *ids;
    const struct wait *w;
    struct agent_filter *agent; /* NULL: none, or not reachable */
    size_t offered;             /* keys that were offered */
    char last[160];             /* what was offered last, for people */
};

static void name_key(struct attempt *a, const char *what, const char *blob, const char *suffix)
{
    char fp[PIN_FINGERPRINT_SIZE] = "";

    if (blob != NULL)
        identity_fingerprint(blob, fp);
    snprintf(a->last, sizeof a->last, "%.80s%s%s%s", what, *fp ? " " : "", fp, suffix);
}

static int auth_step_key(struct attempt *a, ssh_key key)
{
    return ssh_userauth_publickey(a->s->ssh, NULL, key);
}

static int auth_step_agent(struct attempt *a, ssh_key key)
{
    (void)key;
    return ssh_userauth_agent(a->s->ssh, NULL);
}

/* Drives one method to its answer: SSH_AUTH_*, or -2 with an error. */
static int drive(struct attempt *a, int (*step)(struct attempt *, ssh_key), ssh_key key, struct err *e)
{
    for (;;) {
        int rc = step(a, key);
        if (rc != SSH_AUTH_AGAIN)
            return rc;
        /* A server that disconnects now ("Too many authentication failures")
         * gives SSH_AUTH_AGAIN for ever on all versions. */
        if (session_lost(a->s))
            return SSH_AUTH_ERROR;
        if (session_wait(a->s, a->w, "authentication", e) != 0)
            return session_lost(a->s) ? SSH_AUTH_ERROR : -2;
    }
}

static int agent_error(struct attempt *a, struct err *e)
{
    if (a->agent == NULL || !agent_filter_timed_out(a->agent))
        return 0;
    err_set(e, ERR_AUTH, "agent", "the agent did not sign in time");
    err_hint(e, "does it wait for a touch or a confirmation?");
    return -1;
}

/* What libssh says, less its prefix. */
static const char *reason(struct attempt *a)
{
    const char *why = ssh_get_error(a->s->ssh);
    const char *bye = strstr(why, "SSH_MSG_DISCONNECT: ");

    return bye != NULL ? bye + strlen("SSH_MSG_DISCONNECT: ") : why;
}

static int refused(struct attempt *a, struct err *e)
{
    const int both = SSH_AUTH_METHOD_PASSWORD | SSH_AUTH_METHOD_INTERACTIVE;
    int methods = ssh_userauth_list(a->s->ssh, NULL);

    if (a->offered == 0) {
        err_set(e, ERR_AUTH, "authentication",
                "there is no key to offer: the agent cannot be reached or has none of "
                "the wanted ones");
        return err_hint(e, "ssh-add -l shows what the agent holds");
    }
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
            a->offered > 1 ? "every key, the last one was " : "the key ", a->last);
    return err_hint(e, "is its public half in %s's ~/.ssh/authorized_keys there? ssh-copy-id adds it",
                    a->p->user);
}

static int broken(struct attempt *a, struct err *e)
{
    if (agent_error(a, e) != 0)
        return -1;
    const char *why = reason(a);
    err_set(e, ERR_AUTH, "authentication", "the server ended it after %zu key%s: %s", a->offered,
            a->offered == 1 ? "" : "s", *why ? why : "no reason given");
    if (strstr(why, "Out of memory") != NULL) /* what libssh makes of such a key */
        return err_hint(e, "a key with destination constraints (ssh-add -h) cannot be used with libssh");
    if (a->ids->any_in_agent)
        return err_hint(e, "the agent offers too many keys: docktether update %s --identity FILE",
                        a->p->name);
    return err_hint(e, "the server's own log (journalctl -u ssh) has more");
}

static void start_agent(struct attempt *a)
{
    struct err e = ERR_INIT;
    int fd;

    if (a->ids->agent == NULL)
        return;
    a->agent = agent_filter_start(a->ids->agent, a->w, &fd, &e);
    if (a->agent == NULL)
        log_err(a->s->log, LOG_WARN, &e);
    else
        ssh_set_agent_socket(a->s->ssh, fd); /* owns fd from here */
}

/* Offers what the agent has of `blob` (NULL: everything). */
static int try_agent(struct attempt *a, const char *blob, const char *what, struct err *e)
{
    if (a->agent == NULL)
        return SSH_AUTH_DENIED;
    agent_filter_want(a->agent, blob);
    a->offered++;
    name_key(a, what, blob, " (agent)");
    return drive(a, auth_step_agent, NULL, e);
}

static int try_identity(struct attempt *a, const struct identity *id, struct err *e)
{
    char *shown = path_display(id->file);
    int rc;

    if (id->key != NULL) {
        a->offered++;
        name_key(a, shown, id->blob, "");
        rc = drive(a, auth_step_key, id->key, e);
    } else {
        rc = try_agent(a, id->blob, shown, e);
    }
    free(shown);
    return rc;
}

/* True when it goes on with the next key. */
static bool goes_on(struct attempt *a, int rc)
{
    log_debug(a->s->log, "offered %s: %s", a->last,
              rc == SSH_AUTH_SUCCESS   ? "accepted"
              : rc == SSH_AUTH_PARTIAL ? "accepted, another one is wanted"
              : rc == SSH_AUTH_DENIED  ? "refused"
                                       : "failed");
    return rc == SSH_AUTH_DENIED || rc == SSH_AUTH_PARTIAL;
}

int auth_run(struct session *s, const struct profile *p, const struct identities *ids, const struct wait *w,
             struct err *e)
{
    struct attempt a = { .s = s, .p = p, .ids = ids, .w = w };
    int rc = SSH_AUTH_DENIED;

    start_agent(&a);
    if (ids->any_in_agent)
        rc = try_agent(&a, NULL, "the agent's keys", e);
    for (size_t i = 0; i < ids->count && (rc == SSH_AUTH_DENIED || goes_on(&a, rc)); i++)
        rc = try_identity(&a, &ids->items[i], e);

    int result = -1;
    if (rc == SSH_AUTH_SUCCESS) {
        s->identity = mem_strdup(a.last);
        result = 0;
    } else if (rc == -2) {
        if (agent_error(&a, e) == 0 && e != NULL && e->code == ERR_UNREACHABLE)
            err_hint(e, "the server accepts connections but does not finish the login: is it overloaded?");
    } else if (rc == SSH_AUTH_DENIED && agent_error(&a, e) == 0) {
        refused(&a, e);
    } else if (rc == SSH_AUTH_PARTIAL) {
        err_set(e, ERR_AUTH, "authentication", "the server took %s and wants a further login step", a.last);
        err_hint(e, "only public keys are ever used; name all of them with --identity");
    } else if (rc != SSH_AUTH_DENIED) {
        broken(&a, e);
    }
    agent_filter_stop(a.agent);
    return result;
}
