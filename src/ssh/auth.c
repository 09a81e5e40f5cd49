#include "ssh/auth-internal.h"

#include "base/mem.h"
#include "base/path.h"
#include "ssh/pubkey.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INTERRUPTED (-2) /* beside SSH_AUTH_*: the error is set, nothing goes on */

static void name_key(char *out, size_t size, const char *what, const char *plain, const char *suffix)
{
    char fp[PIN_FINGERPRINT_SIZE] = "";

    identity_fingerprint(plain, fp);
    snprintf(out, size, "%.100s%s%s%s", what, *fp ? " " : "", fp, suffix);
}

/* ---- libssh -------------------------------------------------------------- */

/* libssh's way with an agent asks the server first whether it would take the
 * key (auth.c of 0.10.6, line 944). With several keys that is right: nobody is
 * to confirm or touch one in vain. The only one is signed with at once, unless
 * it is a token's. */
static struct shortcut shortcut_for(const struct attempt *a, const char *plain)
{
    struct pubkey key;
    struct shortcut cut = { 0 };

    if (pubkey_parse_blob(plain, &key) != 0)
        return cut;
    cut.service = strcmp(key.type, "ssh-rsa") != 0;
    size_t keys = a->ids->count + (a->ids->any_in_agent ? a->in_agent.count : 0);
    cut.question = keys == 1 && strncmp(key.type, "sk-", 3) != 0;
    pubkey_clear(&key);
    return cut;
}

/* A private key of ours signs at once. An agent may wait for a person. */
static int sign_and_offer(struct session *s, ssh_key key)
{
    int rc;

    if (key != NULL) {
        session_enter(s);
        rc = ssh_userauth_publickey(s->ssh, NULL, key);
        session_leave(s);
    } else {
        ssh_set_log_userdata(&s->context);
        rc = ssh_userauth_agent(s->ssh, NULL);
        ssh_set_log_userdata(NULL);
    }
    return rc;
}

/* Drives one offer to its answer: SSH_AUTH_*, or INTERRUPTED. With a private
 * key the signature goes out at once. */
static int drive(struct attempt *a, ssh_key key, const char *plain, struct err *e)
{
    const struct shortcut cut = shortcut_for(a, plain);

    for (;;) {
        a->s->context.shortcut = cut;
        int rc = sign_and_offer(a->s, key);
        a->s->context.shortcut = (struct shortcut){ 0 };
        /* libssh 0.11 and newer take a disconnect for a refusal of the key. */
        if (rc == SSH_AUTH_DENIED && session_lost(a->s))
            return SSH_AUTH_ERROR;
        if (rc != SSH_AUTH_AGAIN)
            return rc;
        /* A server that disconnects now ("Too many authentication failures")
         * gives SSH_AUTH_AGAIN for ever on all versions. */
        if (session_lost(a->s))
            return SSH_AUTH_ERROR;
        if (session_wait(a->s, &a->call.wait, "authentication", e) != 0)
            return session_lost(a->s) ? SSH_AUTH_ERROR : INTERRUPTED;
    }
}

static void note_expiry(struct attempt *a, const char *what, const char *blob)
{
    struct pubkey key;

    if (pubkey_parse_blob(blob, &key) != 0)
        return;
    const char *why = pubkey_unusable(&key, (uint64_t)(time_wall_ms() / 1000));
    if (why != NULL && a->expired[0] == '\0')
        snprintf(a->expired, sizeof a->expired, "the certificate %.100s %s", what, why);
    pubkey_clear(&key);
}

static int answered(struct attempt *a, const char *what, const char *blob, int rc)
{
    log_debug(a->s->log, "offered %s: %s", a->last,
              rc == SSH_AUTH_SUCCESS   ? "accepted"
              : rc == SSH_AUTH_PARTIAL ? "accepted, another one is wanted"
              : rc == SSH_AUTH_DENIED  ? "refused"
                                       : "failed");
    if (a->rq->offered != NULL)
        a->rq->offered(a->rq->offered_user, a->last, rc == SSH_AUTH_SUCCESS || rc == SSH_AUTH_PARTIAL);
    if (rc == SSH_AUTH_PARTIAL)
        snprintf(a->taken, sizeof a->taken, "%s", a->last);
    if (rc == SSH_AUTH_DENIED) {
        a->refused = true;
        note_expiry(a, what, blob);
    }
    return rc;
}

/* ---- the agent ----------------------------------------------------------- */

static int timed_out(struct attempt *a, struct err *e)
{
    err_set(e, ERR_AUTH, "agent", "the agent did not sign with %s within %" PRId64 " s", a->last,
            a->p->connect_timeout_ms / 1000);
    err_hint(e, "does it wait for a touch or a confirmation? %s--set connect-timeout=1m gives more time",
             a->p->change);
    return INTERRUPTED;
}

static int broke_off(struct attempt *a, struct err *e)
{
    err_set(e, ERR_AUTH, "agent", "the agent at %s ended the connection when it was to sign with %s",
            a->ids->agent, a->last);
    err_hint(e, "does it still run? ssh-add -l asks it; its own log may say more");
    err_fix(e, "ssh-add -l");
    return INTERRUPTED;
}

/* What the agent holds, and the filter before it. 0; 1 when it cannot be used;
 * INTERRUPTED when the time is over. */
static int start_agent(struct attempt *a, struct err *e)
{
    int fd;

    if (a->ids->agent == NULL)
        return 1;
    if (a->asked)
        return a->filter != NULL ? 0 : 1;
    a->asked = true;
    if (agent_list(&a->call, &a->in_agent, &a->agent_error) == 0)
        a->filter = agent_filter_start(&a->call, &fd, &a->agent_error);
    if (a->filter != NULL) {
        ssh_set_agent_socket(a->s->ssh, fd); /* owns fd from here */
        return 0;
    }
    log_err(a->s->log, LOG_WARN, &a->agent_error);
    if (deadline_left(a->call.wait.deadline) > 0)
        return 1;
    if (e != NULL)
        *e = a->agent_error;
    return INTERRUPTED;
}

static int offer_from_agent(struct attempt *a, const char *what, const char *blob, const char *plain,
                            const char *signer, struct err *e)
{
    if (strv_contains(&a->offered, blob))
        return SSH_AUTH_DENIED;
    strv_add(&a->offered, blob);
    name_key(a->last, sizeof a->last, what, plain, " (agent)");
    agent_filter_want(a->filter, blob, signer);
    int rc = drive(a, NULL, plain, e);
    if (agent_filter_timed_out(a->filter))
        return timed_out(a, e);
    if (agent_filter_broke_off(a->filter) && !session_lost(a->s))
        return broke_off(a, e);
    if (rc == SSH_AUTH_ERROR && agent_filter_refused(a->filter) && !session_lost(a->s)) {
        /* libssh calls it "Out of memory"; the session goes on. */
        snprintf(a->not_signed, sizeof a->not_signed, "%s", a->last);
        log_warn(a->s->log, "the agent refused to sign with %s", a->last);
        return SSH_AUTH_DENIED;
    }
    return answered(a, what, blob, rc);
}

/* A server that has taken one key may want another. */
static bool goes_on(int rc)
{
    return rc == SSH_AUTH_DENIED || rc == SSH_AUTH_PARTIAL;
}

/* The certificates that the agent holds for this key. */
static int offer_agents_certificates(struct attempt *a, const char *what, const char *plain, struct err *e)
{
    int rc = SSH_AUTH_DENIED;

    for (size_t i = 0; i < a->in_agent.count && goes_on(rc); i++) {
        const char *blob = a->in_agent.items[i];
        struct pubkey key;
        if (pubkey_parse_blob(blob, &key) != 0)
            continue;
        if (key.certificate && !key.host && strcmp(key.plain, plain) == 0)
            rc = offer_from_agent(a, what, blob, plain, blob, e);
        pubkey_clear(&key);
    }
    return rc;
}

static int offer_named_from_agent(struct attempt *a, const struct identity *id, const char *what,
                                  struct err *e)
{
    int rc = start_agent(a, e);

    if (rc == INTERRUPTED)
        return rc;
    if (rc != 0)
        return SSH_AUTH_DENIED;
    const bool bare = strcmp(id->blob, id->plain) == 0;
    const char *signer = strv_contains(&a->in_agent, id->blob)    ? id->blob
                         : strv_contains(&a->in_agent, id->plain) ? id->plain
                                                                  : NULL;
    const size_t before = a->offered.count;
    rc = bare ? offer_agents_certificates(a, what, id->plain, e) : SSH_AUTH_DENIED;
    if (signer != NULL && goes_on(rc))
        return offer_from_agent(a, what, id->blob, id->plain, signer, e);
    if (signer == NULL && a->offered.count == before && !strv_contains(&a->offered, id->blob)) {
        name_key(a->missing, sizeof a->missing, what, id->plain, "");
        log_warn(a->s->log, "the agent does not hold %s", a->missing);
    }
    return rc;
}

/* Every key of the agent, certificates first. */
static int offer_all_from_agent(struct attempt *a, struct err *e)
{
    int rc = start_agent(a, e);

    if (rc == INTERRUPTED)
        return rc;
    rc = SSH_AUTH_DENIED;
    for (size_t i = 0; i < a->ids->certificate_count && goes_on(rc); i++) {
        const struct certificate *c = &a->ids->certificates[i];
        if (!c->used && strv_contains(&a->in_agent, c->key.plain))
            rc = offer_from_agent(a, c->file, c->key.blob, c->key.plain, c->key.plain, e);
    }
    for (int bare = 0; bare < 2; bare++) {
        for (size_t i = 0; i < a->in_agent.count && goes_on(rc); i++) {
            struct pubkey key;
            if (pubkey_parse_blob(a->in_agent.items[i], &key) != 0)
                continue;
            if (key.certificate != (bare != 0))
                rc = offer_from_agent(a, key.type, key.blob, key.plain, key.blob, e);
            pubkey_clear(&key);
        }
    }
    return rc;
}

/* ---- the order ----------------------------------------------------------- */

static int offer(struct attempt *a, const struct identity *id, struct err *e)
{
    char *shown = path_display(id->file);
    int rc = SSH_AUTH_DENIED;

    if (id->key == NULL) {
        rc = offer_named_from_agent(a, id, shown, e);
    } else if (!strv_contains(&a->offered, id->blob)) {
        strv_add(&a->offered, id->blob);
        name_key(a->last, sizeof a->last, shown, id->plain, "");
        rc = answered(a, shown, id->blob, drive(a, id->key, id->plain, e));
    }
    free(shown);
    return rc;
}

static int offer_all(struct attempt *a, struct err *e)
{
    const bool named = a->p->identities.count > 0;
    int rc = a->ids->any_in_agent && !named ? offer_all_from_agent(a, e) : SSH_AUTH_DENIED;

    for (size_t i = 0; i < a->ids->count && goes_on(rc); i++)
        rc = offer(a, &a->ids->items[i], e);
    if (a->ids->any_in_agent && named && goes_on(rc))
        rc = offer_all_from_agent(a, e);
    return rc;
}

/* In the filter's thread, which auth_run() outlives. */
static void agent_slow(void *user)
{
    const struct attempt *a = user;

    if (a->rq->note != NULL)
        a->rq->note(a->rq->note_user, "agent", "");
}

int auth_run(struct session *s, const struct connect_request *rq, const struct wait *w, struct err *e)
{
    struct attempt a = { .s = s, .p = rq->profile, .ids = rq->identities, .rq = rq };
    int result = -1;

    a.call = (struct agent_call){ .path = a.ids->agent, .wait = *w, .slow = agent_slow, .user = &a };
    int rc = offer_all(&a, e);
    if (rc == SSH_AUTH_SUCCESS) {
        s->identity = mem_strdup(a.last);
        result = 0;
    } else if (goes_on(rc)) {
        auth_refused(&a, e);
    } else if (rc != INTERRUPTED) {
        auth_broken(&a, e);
    } else if (e != NULL && e->code == ERR_UNREACHABLE) {
        err_hint(e, "the server accepts connections but does not finish the login: is it overloaded?");
    }
    agent_filter_stop(a.filter);
    strv_clear(&a.in_agent);
    strv_clear(&a.offered);
    return result;
}
