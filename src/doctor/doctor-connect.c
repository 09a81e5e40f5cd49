/* The connection up to the host key, phase by phase as a tether makes it. */
#include "doctor/doctor.h"

#include "base/quote.h"
#include "doctor/sshd-setting.h"
#include "ssh/connect.h"
#include "ssh/identity.h"
#include "ssh/tunnel-thread.h"
#include "tether/jump.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the way through the host before ---------------------------------------- */

/* Out of the tether that is there, or of the session that was made to look at it. */
static int dial_through(void *user, const struct wait *w, struct err *e)
{
    struct doctor_host *h = user;
    struct err why = ERR_INIT;
    int fd = -1;

    if (h->before->serving)
        return jump_stream(h->profile, w, e);
    h->tunnel = tunnel_thread_open(h->before->session, h->profile->host, h->profile->port, w, &fd, &why);
    if (h->tunnel == NULL)
        jump_error(e, h->before->name, &why);
    return fd;
}

static void offered(void *user, const char *what, bool taken)
{
    struct doctor_host *h = user;

    h->accepted = h->accepted || taken;
    finding_more(&h->findings[LAYER_LOGIN], "%s: %s", what, taken ? "accepted" : "refused");
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
                                  .offered_user = h };

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
        finding_skip(f, "connected (from the running tether)");
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

/* The hop refused to connect any further. */
static void fix_hop(const struct doctor_host *h, struct finding *f)
{
    static const char *const lines[] = { "AllowTcpForwarding yes", "DisableForwarding no", "PermitOpen any",
                                         NULL };
    const struct doctor_host *hop = h->before;
    char *hint;

    if (hop->serving)
        hint = mem_printf(
            "sshd of %s gave no reason; usually AllowTcpForwarding, DisableForwarding or PermitOpen "
            "forbids it. If that is mended already: docktether down %s, because its tether keeps a "
            "session with the old settings",
            hop->profile->host, hop->name);
    else
        hint = mem_printf(
            "sshd of %s gave no reason; usually AllowTcpForwarding, DisableForwarding or PermitOpen "
            "forbids it",
            hop->profile->host);
    sshd_setting(hop, SSHD_USER, lines, f, hint);
    free(hint);
}

/* What can be done depends on how it failed: see race_error() in dial.c. */
static void fix_tcp(const struct doctor_host *h, struct finding *f)
{
    if (h->before != NULL && strstr(f->text, "open failed") != NULL)
        fix_hop(h, f);
    else if (h->before != NULL)
        finding_fix(f, h->before->profile->host, "nc -vz %s %" PRId64, h->profile->host, h->profile->port);
    else if (strstr(f->text, "refused") != NULL)
        finding_fix(f, h->profile->host, "sudo systemctl enable --now ssh");
    else
        finding_fix(f, NULL, "ping -c 3 '%s'", h->profile->host);
}

void doctor_tcp(struct doctor_host *h, struct finding *f)
{
    struct err e = ERR_INIT;
    char peer[80];

    if (h->hop && h->serving) {
        finding_skip(f, "connected (from the running tether)");
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

char *doctor_login_word(const struct profile *p)
{
    char *login = mem_printf("%s@%s", p->user, p->host), *word = quote_sh(login);

    free(login);
    return word;
}

/* Another client's view, by the same way. */
static void fix_by_ssh(const struct doctor_host *h, struct finding *f)
{
    char *login = doctor_login_word(h->profile);

    finding_fix(f, NULL, "ssh -vv -p %" PRId64 " %s", h->profile->port, login);
    free(login);
}

/* A member of the status of the hop's tether. */
static const char *of_tether(const struct doctor_host *h, const char *key, const char *otherwise)
{
    const char *value = json_string_value(json_object_get(h->status, key));

    return value != NULL ? value : otherwise;
}

void doctor_banner(struct doctor_host *h, struct finding *f)
{
    struct err e = ERR_INIT;

    if (h->hop && h->serving) {
        finding_ok(f, "%s (from the running tether)", of_tether(h, "server", "it is connected"));
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
        finding_skip(f, "connected (from the running tether)");
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
        finding_ok(f, "%s (from the running tether)", of_tether(h, "host_key", "a pinned key"));
    } else if (e.code != ERR_NONE || connect_trust(h->connect, &e) != 0) {
        finding_error(f, VERDICT_FAILED, &e, NULL);
    } else {
        pin_format(session_host_key(connect_session(h->connect)), text);
        finding_ok(f, "%s is pinned", text);
    }
}

void doctor_connect_clear(struct doctor_host *h)
{
    connect_free(h->connect);
    session_free(h->session);
    tunnel_thread_free(h->tunnel);
}
