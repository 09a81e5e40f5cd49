#include "ssh/connect.h"

#include "base/mem.h"
#include "ssh/auth.h"
#include "ssh/dial.h"
#include "ssh/handshake.h"
#include "ssh/hostkey-internal.h"
#include "ssh/interposed.h"
#include "ssh/resolve.h"
#include "ssh/session-internal.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct connect {
    struct connect_request rq;
    char target[300];
    struct wait wait; /* of the phase under way */
    struct addrinfo *addresses;
    int fd; /* until the session owns it */
    struct session *session;
};

/* Where there is no profile that could be changed. */
static int hint_pin(struct err *e)
{
    return err_hint(e, "compare with the host itself (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub), and "
                       "give what it says there: --pin 'TYPE SHA256:...'");
}

int connect_check_pins(const struct profile *p, struct err *e)
{
    if (p->pins.count > 0)
        return 0;
    err_set(e, ERR_HOSTKEY, "host key", "no key of the host is pinned, so it cannot be recognised");
    if (profile_is_ephemeral(p))
        return hint_pin(e);
    err_fix(e, "docktether pin %s --scan", p->name);
    return err_hint(
        e,
        "docktether pin %s --scan shows the keys of the host; compare them, then: docktether pin %s --add ...",
        p->name, p->name);
}

static void begin_phase(struct connect *c)
{
    c->wait = (struct wait){ .deadline = deadline_in(c->rq.profile->connect_timeout_ms),
                             .cancel_fd = c->rq.cancel_fd,
                             .note = c->rq.note,
                             .note_user = c->rq.note_user };
}

struct connect *connect_new(const struct connect_request *rq)
{
    struct connect *c = mem_alloc(sizeof *c);

    c->rq = *rq;
    c->fd = -1;
    snprintf(c->target, sizeof c->target, "%s port %" PRId64, rq->profile->host, rq->profile->port);
    return c;
}

void connect_free(struct connect *c)
{
    if (c == NULL)
        return;
    if (c->addresses != NULL)
        freeaddrinfo(c->addresses);
    if (c->fd >= 0)
        close(c->fd);
    session_free(c->session);
    free(c);
    /* libcrypto keeps a random generator for each thread; the worker outlives
     * libcrypto's own clean-up at exit. */
    OPENSSL_thread_stop();
}

/* ---- the phases ---------------------------------------------------------- */

int connect_resolve(struct connect *c, struct err *e)
{
    const struct profile *p = c->rq.profile;

    begin_phase(c);
    if (c->rq.way.dial == NULL)
        wait_note(&c->wait, "name", p->host);
    return c->rq.way.dial != NULL ? 0 : resolve_host(p->host, p->port, &c->wait, &c->addresses, e);
}

int connect_dial(struct connect *c, struct err *e)
{
    const struct profile *p = c->rq.profile;
    const struct dial_way *way = &c->rq.way;

    /* Name and TCP share their time. */
    c->fd = way->dial != NULL ? way->dial(way->user, &c->wait, e)
                              : dial_addresses(c->addresses, p->host, p->port, &c->wait, e);
    if (c->fd < 0)
        return -1;
    dial_limit_silence(c->fd, p->keepalive_interval_ms * p->keepalive_count);
    return 0;
}

int connect_banner(struct connect *c, struct err *e)
{
    char *algorithms = hostkey_algorithms(&c->rq.profile->pins);

    begin_phase(c);
    wait_note(&c->wait, "SSH", c->target);
    c->session = session_new(c->fd, c->rq.profile->user, algorithms, c->rq.log, e);
    c->fd = -1;
    free(algorithms);
    return c->session != NULL ? handshake_banner(c->session, &c->wait, c->target, e) : -1;
}

int connect_exchange(struct connect *c, struct err *e)
{
    if (handshake_run(c->session, &c->wait, c->target, e) == 0) {
        interposed_check(INTERPOSED_LENGTH, &c->session->missing);
        return 0;
    }
    if (c->session->forged)
        return -1;
    if (e != NULL && e->code == ERR_HOSTKEY && profile_is_ephemeral(c->rq.profile)) {
        hint_pin(e);
    } else if (e != NULL && e->code == ERR_HOSTKEY) {
        err_hint(e, "compare with the host itself: docktether pin %s --scan", c->rq.profile->name);
        err_fix(e, "docktether pin %s --scan", c->rq.profile->name);
    }
    return -1;
}

int connect_trust(struct connect *c, struct err *e)
{
    struct session *s = c->session;
    const struct profile *p = c->rq.profile;

    if (connect_check_pins(p, e) != 0)
        return -1;
    if (hostkey_check(s, &p->pins, p->name, e) != 0)
        return profile_is_ephemeral(p) ? hint_pin(e) : -1;
    log_info(c->rq.log, "connected to %s (%s), host key %s %s", c->target, session_banner(s),
             s->host_key.type, s->host_key.fingerprint);
    return 0;
}

int connect_ask_methods(struct connect *c, struct auth_methods *m, struct err *e)
{
    begin_phase(c);
    return auth_methods_ask(c->session, &c->wait, m, e);
}

int connect_login(struct connect *c, struct err *e)
{
    char *endpoint = profile_endpoint(c->rq.profile);

    begin_phase(c);
    wait_note(&c->wait, "login", endpoint);
    free(endpoint);
    if (auth_run(c->session, &c->rq, &c->wait, e) != 0)
        return -1;
    interposed_check(INTERPOSED_LOGIN, &c->session->missing);
    log_info(c->rq.log, "logged in as %s with %s", c->rq.profile->user, session_identity(c->session));
    return 0;
}

struct session *connect_take(struct connect *c, struct err *e)
{
    struct session *s = c->session;

    if (session_hand_over(s, e) != 0)
        return NULL;
    c->session = NULL;
    return s;
}

/* ---- what they bring ------------------------------------------------------- */

static const char *address_text(const struct sockaddr *sa, socklen_t len, char *buf, size_t size)
{
    if (sa->sa_family == AF_UNIX || getnameinfo(sa, len, buf, (socklen_t)size, NULL, 0, NI_NUMERICHOST) != 0)
        buf[0] = '\0';
    return buf;
}

const char *connect_addresses(const struct connect *c, char *buf, size_t size)
{
    size_t used = 0;

    buf[0] = '\0';
    for (const struct addrinfo *a = c->addresses; a != NULL; a = a->ai_next) {
        char one[INET6_ADDRSTRLEN + 20];
        address_text(a->ai_addr, a->ai_addrlen, one, sizeof one);
        if (used + strlen(one) + 3 > size)
            break;
        used += (size_t)snprintf(buf + used, size - used, "%s%s", used > 0 ? ", " : "", one);
    }
    return buf;
}

const char *connect_peer(const struct connect *c, char *buf, size_t size)
{
    const int fd = c->session != NULL ? session_fd(c->session) : c->fd;
    struct sockaddr_storage sa;
    socklen_t len = sizeof sa;

    buf[0] = '\0';
    if (fd >= 0 && getpeername(fd, (struct sockaddr *)&sa, &len) == 0)
        address_text((const struct sockaddr *)&sa, len, buf, size);
    return buf;
}

const struct session *connect_session(const struct connect *c)
{
    return c->session;
}

/* ---- all of them ----------------------------------------------------------- */

/* The server's word alone. What arrives during the key exchange is not authenticated: a
 * garbled line looks like a list without the pinned type, or like a wrong signature. The same
 * holds for a hop that is started by the way. And an agent that is away, locked or waiting for
 * a touch may sign the next time. */
static bool is_refusal(bool proven, const struct err *e)
{
    if (e == NULL)
        return false;
    if (e->code == ERR_HOSTKEY)
        return proven;
    return e->code == ERR_AUTH && !e->passing && strcmp(e->layer, "agent") != 0;
}

struct session *connect_host(const struct connect_request *rq, bool *refused, struct err *e)
{
    static int (*const phases[])(struct connect *, struct err *) = {
        connect_resolve, connect_dial, connect_banner, connect_exchange, connect_trust, connect_login,
    };
    struct session *s = NULL;
    size_t done = 0;

    if (refused != NULL)
        *refused = true; /* without pins */
    if (connect_check_pins(rq->profile, e) != 0)
        return NULL;
    struct connect *c = connect_new(rq);
    while (done < sizeof phases / sizeof *phases && phases[done](c, e) == 0)
        done++;
    const bool through = done == sizeof phases / sizeof *phases;
    if (through)
        s = connect_take(c, e);
    if (refused != NULL)
        *refused =
            !through && is_refusal(phases[done] != connect_exchange && phases[done] != connect_dial, e);
    connect_free(c);
    return s;
}
