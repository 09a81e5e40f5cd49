/* The login: the methods of the server, and the profile's keys. */
#include "doctor/doctor.h"

#include "base/quote.h"
#include "doctor/sshd-setting.h"
#include "ssh/auth-methods.h"
#include "ssh/connect.h"
#include "ssh/identity.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LINES(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* ---- methods ------------------------------------------------------------------- */

/* A server that asks for nothing, as that of Tailscale does, or sshd with an empty
 * password. docktether logs in by key even so. */
static void judge_open(const struct doctor_host *h, struct finding *f)
{
    const struct session *s = connect_session(h->connect);

    finding_warn(f, "the server lets %s in without any key", h->profile->user);
    if (s != NULL && strstr(session_banner(s), "OpenSSH") != NULL)
        sshd_setting(h, SSHD_EVERYBODY, LINES("PermitEmptyPasswords no"), f,
                     "every client that reaches it is logged in: is PermitEmptyPasswords on?");
    else
        finding_hint(
            f,
            "every client that the network lets through is logged in; docktether logs in by key alone, and this server takes any key");
}

static void judge_passwords(const struct doctor_host *h, const struct auth_methods *m, struct finding *f)
{
    static const char hint[] = "passwords can be guessed; docktether never sends one";

    finding_warn(f, "%s: the server takes more than keys", m->names);
    if (m->password && m->interactive)
        sshd_setting(h, SSHD_EVERYBODY, LINES("PasswordAuthentication no", "KbdInteractiveAuthentication no"),
                     f, hint);
    else
        sshd_setting(h, SSHD_EVERYBODY,
                     m->password ? LINES("PasswordAuthentication no")
                                 : LINES("KbdInteractiveAuthentication no"),
                     f, hint);
}

static void judge_methods(struct doctor_host *h, const struct auth_methods *m, struct finding *f)
{
    h->password = m->password || m->interactive;
    h->let_in = m->nothing;
    if (m->nothing) {
        judge_open(h, f);
    } else if (!m->publickey && *m->names != '\0') {
        finding_fail(f, ERR_AUTH, "the server takes no public keys, only: %s", m->names);
        sshd_setting(h, SSHD_USER, LINES("PubkeyAuthentication yes"), f, "docktether never sends a password");
    } else if (h->password) {
        judge_passwords(h, m, f);
    } else {
        finding_ok(f, "%s", *m->names != '\0' ? m->names : "the server does not say");
    }
}

void doctor_methods(struct doctor_host *h, struct finding *f)
{
    struct auth_methods m;
    struct err e = ERR_INIT;

    if (h->hop && h->serving)
        finding_skip(f, "logged in (from the running tether)");
    else if (connect_ask_methods(h->connect, &m, &e) != 0)
        finding_error(f, VERDICT_FAILED, &e, NULL);
    else
        judge_methods(h, &m, f);
}

/* ---- remedies for a login that failed ------------------------------------------------ */

static void fix_by_copy(const struct profile *p, struct finding *f)
{
    char *key = quote_path(p->identities.items[0]), *login = doctor_login_word(p);

    finding_fix(f, NULL, "ssh-copy-id -i %s -p %" PRId64 " %s", key, p->port, login);
    free(login);
    free(key);
}

/* The key has to be added on the host: with a password, where the server takes one, or by
 * a person who can log in already. */
static void fix_by_key(const struct doctor_host *h, struct finding *f)
{
    const struct profile *p = h->profile;
    char *line = identities_public(h->identities), *login = mem_printf("%s@%s", p->user, p->host);

    if (line != NULL && h->password && p->via == NULL && p->identities.count > 0)
        fix_by_copy(p, f);
    else if (line != NULL)
        finding_fix(f, login, "echo '%s' >>~/.ssh/authorized_keys", line);
    else if (h->findings[LAYER_AGENT].verdict == VERDICT_WARNING) /* too many keys in it */
        finding_fix(f, NULL, "%s", h->findings[LAYER_AGENT].err.fix);
    else
        finding_fix(f, NULL, "ssh-add -l");
    free(login);
    free(line);
}

/* A certificate is trusted through its CA: a line in authorized_keys would go round it. */
static void fix_by_certificate(const struct doctor_host *h, const char *file, const char *fault,
                               struct finding *f)
{
    char *word = quote_path(file);

    if (fault != NULL)
        finding_hint(f, "the certificate %s %s: its CA has to issue another one", file, fault);
    else
        finding_hint(f, "does sshd of %s trust the CA of the certificate %s (TrustedUserCAKeys)?",
                     h->profile->host, file);
    finding_fix(f, NULL, "ssh-keygen -L -f %s", word);
    free(word);
}

/* One key was accepted, and the server wants something besides. */
static void fix_by_methods(const struct doctor_host *h, const struct err *e, struct finding *f)
{
    if (strstr(e->msg, "requires another one") != NULL)
        return; /* the hint says how to name it */
    sshd_setting(
        h, SSHD_USER, LINES("AuthenticationMethods publickey"), f,
        "AuthenticationMethods of its sshd_config asks for more than a key, and docktether has nothing "
        "else; a key alone is less than this server wants now");
}

static void fix_login(const struct doctor_host *h, const struct err *e, struct finding *f)
{
    char *file = NULL, *fault = NULL;

    if (h->accepted)
        fix_by_methods(h, e, f);
    else if (identities_certificate(h->identities, h->profile->user, &file, &fault))
        fix_by_certificate(h, file, fault, f);
    else
        fix_by_key(h, f);
    free(fault);
    free(file);
}

/* ---- login --------------------------------------------------------------------- */

void doctor_login(struct doctor_host *h, struct finding *f)
{
    struct err e = ERR_INIT;

    if (h->hop && h->serving) {
        const char *identity = json_string_value(json_object_get(h->status, "identity"));
        finding_ok(f, "with %s (from the running tether)", identity != NULL ? identity : "a key");
        return;
    }
    if (!h->let_in && connect_login(h->connect, &e) != 0) {
        finding_error(f, VERDICT_FAILED, &e, NULL);
        if (strcmp(e.layer, "authentication") == 0 && e.code == ERR_AUTH)
            fix_login(h, &e, f);
        return;
    }
    h->session = connect_take(h->connect, &e);
    if (h->session == NULL)
        finding_error(f, VERDICT_FAILED, &e, NULL);
    else if (h->let_in)
        finding_skip(f, "the server asks %s for none", h->profile->user);
    else
        finding_ok(f, "as %s with %s", h->profile->user, session_identity(h->session));
    /* The text names the only key that was offered. */
    if (f->verdict == VERDICT_OK && f->more.count == 1)
        strv_clear(&f->more);
}
