/* The way to a login, phase by phase as a tether goes it. */
#include "base/jsonmember.h"
#include "doctor/doctor.h"

#include "base/quote.h"
#include "ssh/connect.h"
#include "ssh/identity.h"
#include "ssh/tunnel-thread.h"
#include "tether/jump.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The first of several settings counts, and these files are read first. */
#define SETTING                                                                           \
    "printf '%%s\\n' %s | sudo tee -a /etc/ssh/sshd_config.d/00-docktether.conf && sudo " \
    "systemctl reload ssh"

/* ---- the way through the host before ---------------------------------------- */

/* Out of the tether that is there, or of the session that was made to look at it. */
static int dial_through(void *user, const struct wait *w, struct err *e)
{
    struct doctor_host *h = user;
    struct err why = ERR_INIT;
    int fd = -1;

    if (h->before->serving)
        return jump_stream(h->profile, w, e);
    h->bridge = tunnel_thread_open(h->before->session, h->profile->host, h->profile->port, w, &fd, &why);
    if (h->bridge == NULL)
        jump_error(e, h->before->name, &why);
    return fd;
}

static void offered(void *user, const char *what, bool taken)
{
    finding_more(user, "%s: %s", what, taken ? "accepted" : "refused");
}

/* The layer that is being looked at is shown anyway. */
static void note(void *user, const char *what, const char *whom)
{
    (void)whom;
    if (strcmp(what, "agent") == 0)
        doctor_agent_slow(user);
}

static void begin(struct doctor_host *h)
{
    struct connect_request rq = { .profile = h->profile,
                                  .identities = h->identities,
                                  .cancel_fd = -1,
                                  .note = note,
                                  .note_user = h,
                                  .offered = offered,
                                  .offered_user = &h->findings[LAYER_LOGIN] };

    if (h->before != NULL)
        rq.way = (struct dial_way){ .dial = dial_through, .user = h };
    h->connect = connect_new(&rq);
}

/* ---- name and TCP ------------------------------------------------------------ */

void doctor_name(struct doctor_host *h, struct finding *f)
{
    struct err e = ERR_INIT;
    char addresses[200];

    if (h->hop && h->serving) {
        finding_skip(f, "its tether is connected");
        return;
    }
    begin(h);
    if (connect_resolve(h->connect, &e) != 0) {
        finding_error(f, VERDICT_FAILED, &e, NULL);
        finding_fix(f, NULL, "getent ahosts '%s'", h->profile->host);
        return;
    }
    if (h->before != NULL) {
        finding_skip(f, "%s resolves it", h->before->name);
        return;
    }
    connect_addresses(h->connect, addresses, sizeof addresses);
    if (strcmp(addresses, h->profile->host) == 0)
        finding_ok(f, "%s is an address", h->profile->host);
    else
        finding_ok(f, "%s is %s", h->profile->host, addresses);
}

/* What can be done depends on how it failed: see race_error() in dial.c. */
static void fix_tcp(const struct doctor_host *h, struct finding *f)
{
    if (h->before != NULL) {
        if (strstr(f->text, "open failed") != NULL) {
            finding_hint(f, "sshd says no more; it does so when AllowTcpForwarding is no there");
            finding_fix(f, h->before->profile->host, SETTING, "'AllowTcpForwarding yes'");
        } else {
            finding_fix(f, h->before->profile->host, "nc -vz %s %" PRId64, h->profile->host,
                        h->profile->port);
        }
    } else if (strstr(f->text, "refused") != NULL) {
        finding_fix(f, h->profile->host, "sudo systemctl enable --now ssh");
    } else {
        finding_fix(f, NULL, "ping -c 3 '%s'", h->profile->host);
    }
}

void doctor_tcp(struct doctor_host *h, struct finding *f)
{
    struct err e = ERR_INIT;
    char peer[80];

    if (h->hop && h->serving) {
        finding_skip(f, "its tether is connected");
        return;
    }
    if (h->before != NULL && !h->before->serving && h->before->session == NULL) {
        finding_block(f, "needs: hop %s", h->before->name);
        return;
    }
    if (connect_dial(h->connect, &e) != 0) {
        finding_error(f, VERDICT_FAILED, &e, NULL);
        fix_tcp(h, f);
        return;
    }
    connect_peer(h->connect, peer, sizeof peer);
    if (h->before != NULL)
        finding_ok(f, "%s port %" PRId64 " through %s%s", h->profile->host, h->profile->port, h->before->name,
                   h->before->serving ? "'s tether" : "");
    else
        finding_ok(f, "%s port %" PRId64, peer, h->profile->port);
}

/* ---- SSH ----------------------------------------------------------------------- */

/* "user@host" for a shell. */
static char *login_word(const struct profile *p)
{
    char *login = mem_printf("%s@%s", p->user, p->host), *word = quote_sh(login);

    free(login);
    return word;
}

/* Another client's view, by the same way. */
static void fix_by_ssh(const struct doctor_host *h, struct finding *f)
{
    char *login = login_word(h->profile);

    finding_fix(f, NULL, "ssh -vv -p %" PRId64 " %s", h->profile->port, login);
    free(login);
}

void doctor_banner(struct doctor_host *h, struct finding *f)
{
    struct err e = ERR_INIT;

    if (h->hop && h->serving) {
        finding_ok(f, "%s, says its tether",
                   *jsonmember_text(h->status, "server") != '\0' ? jsonmember_text(h->status, "server")
                                                                 : "it is connected");
    } else if (connect_banner(h->connect, &e) != 0) {
        finding_error(f, VERDICT_FAILED, &e, NULL);
        if (!e.later)
            fix_by_ssh(h, f);
    } else {
        finding_ok(f, "%s", session_banner(connect_session(h->connect)));
    }
}

/* What stops nothing and should be known. What is recorded today could be read by a quantum
 * computer one day, so OpenSSH 10 warns where the key exchange does not prevent that. */
static void note_library(const struct session *s, struct finding *f)
{
    const char *name = session_library();
    const int length = (int)strcspn(name, "/");
    char cost[300];

    if (!session_post_quantum(s) && !session_library_post_quantum())
        finding_more(f,
                     "no post-quantum key exchange: libssh %.*s has none, 0.12 has; OpenSSH 10 warns of that "
                     "in the server's log",
                     length, name);
    else if (!session_post_quantum(s))
        finding_more(f, "no post-quantum key exchange: the server has none in common with libssh %.*s",
                     length, name);
    if (session_library_cost(NULL, cost, sizeof cost))
        finding_more(f, "%s", cost);
}

void doctor_algorithms(struct doctor_host *h, struct finding *f)
{
    struct err e = ERR_INIT;
    char agreed[200];

    if (h->hop && h->serving) {
        finding_skip(f, "its tether is connected");
    } else if (connect_exchange(h->connect, &e) == 0) {
        const struct session *s = connect_session(h->connect);
        finding_ok(f, "%s%s", session_algorithms(s, agreed, sizeof agreed),
                   session_post_quantum(s) ? " (post-quantum)" : "");
        note_library(s, f);
    } else if (e.code == ERR_HOSTKEY) {
        /* The next layer's failure, not this one's. */
        h->key_error = e;
        finding_skip(f, "the host has no key of a pinned type, so nothing was agreed on");
    } else {
        finding_error(f, VERDICT_FAILED, &e, NULL);
        fix_by_ssh(h, f);
    }
}

void doctor_host_key(struct doctor_host *h, struct finding *f)
{
    struct err e = h->key_error;
    char text[PIN_TEXT_SIZE];

    if (h->hop && h->serving) {
        finding_ok(f, "%s, says its tether", jsonmember_text(h->status, "host_key"));
    } else if (e.code != ERR_NONE || connect_trust(h->connect, &e) != 0) {
        finding_error(f, VERDICT_FAILED, &e, NULL);
    } else {
        pin_format(session_host_key(connect_session(h->connect)), text);
        finding_ok(f, "%s is pinned", text);
    }
}

/* ---- login --------------------------------------------------------------------- */

static void judge_methods(struct doctor_host *h, const struct auth_methods *m, struct finding *f)
{
    h->password = m->password || m->interactive;
    h->let_in = m->nothing;
    if (m->nothing) {
        finding_warn(f, "the server lets %s in without any key", h->profile->user);
        finding_hint(f, "whoever reaches it is logged in: is PermitEmptyPasswords on there?");
        finding_fix(f, h->profile->host, SETTING, "'PermitEmptyPasswords no'");
    } else if (!m->publickey && *m->names != '\0') {
        finding_fail(f, ERR_AUTH, "the server takes no public keys, only: %s", m->names);
        finding_hint(f, "passwords are never sent");
        finding_fix(f, h->profile->host, SETTING, "'PubkeyAuthentication yes'");
    } else if (h->password) {
        finding_warn(f, "%s: the server takes more than keys", m->names);
        finding_hint(f, "passwords can be guessed; docktether never sends one");
        finding_fix(f, h->profile->host, SETTING,
                    m->password && m->interactive
                        ? "'PasswordAuthentication no' 'KbdInteractiveAuthentication no'"
                    : m->password ? "'PasswordAuthentication no'"
                                  : "'KbdInteractiveAuthentication no'");
    } else {
        finding_ok(f, "%s", *m->names != '\0' ? m->names : "the server does not say");
    }
}

void doctor_methods(struct doctor_host *h, struct finding *f)
{
    struct auth_methods m;
    struct err e = ERR_INIT;

    if (h->hop && h->serving)
        finding_skip(f, "its tether is logged in");
    else if (connect_ask_methods(h->connect, &m, &e) != 0)
        finding_error(f, VERDICT_FAILED, &e, NULL);
    else
        judge_methods(h, &m, f);
}

static void fix_by_copy(const struct profile *p, struct finding *f)
{
    char *key = quote_path(p->identities.items[0]), *login = login_word(p);

    finding_fix(f, NULL, "ssh-copy-id -i %s -p %" PRId64 " %s", key, p->port, login);
    free(login);
    free(key);
}

/* The key has to get there: by the password that the server would take, or by
 * whoever is there already. */
static void fix_login(const struct doctor_host *h, struct finding *f)
{
    const struct profile *p = h->profile;
    char *line = identities_public(h->identities), *login = mem_printf("%s@%s", p->user, p->host);

    if (line != NULL && h->password && p->via == NULL && p->identities.count > 0)
        fix_by_copy(p, f);
    else if (line != NULL)
        finding_fix(f, login, "echo '%s' >>~/.ssh/authorized_keys", line);
    else
        finding_fix(f, NULL, "ssh-add -l");
    free(login);
    free(line);
}

void doctor_login(struct doctor_host *h, struct finding *f)
{
    struct err e = ERR_INIT;

    if (h->hop && h->serving) {
        const char *identity = json_string_value(json_object_get(h->status, "identity"));
        finding_ok(f, "with %s, says its tether", identity != NULL ? identity : "a key");
        return;
    }
    if (!h->let_in && connect_login(h->connect, &e) != 0) {
        finding_error(f, VERDICT_FAILED, &e, NULL);
        if (strcmp(e.layer, "authentication") == 0 && e.code == ERR_AUTH)
            fix_login(h, f);
        return;
    }
    h->session = connect_take(h->connect, &e);
    if (h->session == NULL)
        finding_error(f, VERDICT_FAILED, &e, NULL);
    else if (h->let_in)
        finding_skip(f, "none was wanted of %s", h->profile->user);
    else
        finding_ok(f, "as %s with %s", h->profile->user, session_identity(h->session));
    /* One key, and that was it: it is said already. */
    if (f->verdict == VERDICT_OK && f->more.count == 1)
        strv_clear(&f->more);
}

void doctor_connect_clear(struct doctor_host *h)
{
    connect_free(h->connect);
    session_free(h->session);
    tunnel_thread_free(h->bridge);
}
