#include "ssh/connect.h"

#include "ssh/dial.h"
#include "ssh/internal.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>

int connect_check_pins(const struct profile *p, struct err *e)
{
    if (p->pins.count > 0)
        return 0;
    err_set(e, ERR_HOSTKEY, "host key", "no key of the host is pinned, so it cannot be recognised");
    return err_hint(
        e, "docktether pin %s --scan shows what it presents; compare, then docktether pin %s --add ...",
        p->name, p->name);
}

static struct wait phase(const struct connect_request *rq)
{
    return (struct wait){ .deadline = deadline_in(rq->profile->connect_timeout_ms),
                          .cancel_fd = rq->cancel_fd };
}

static int establish(struct session *s, const struct connect_request *rq, struct err *e)
{
    const struct profile *p = rq->profile;
    char target[300];

    snprintf(target, sizeof target, "%s port %" PRId64, p->host, p->port);
    struct wait w = phase(rq);
    if (handshake_run(s, &w, target, e) != 0) {
        if (e != NULL && e->code == ERR_HOSTKEY)
            err_hint(e, "compare with the host itself: docktether pin %s --scan", p->name);
        return -1;
    }
    if (hostkey_check(s, &p->pins, p->name, e) != 0)
        return -1;
    log_info(rq->log, "connected to %s (%s), host key %s %s", target, session_banner(s), s->host_key.type,
             s->host_key.fingerprint);

    w = phase(rq);
    if (auth_run(s, rq, &w, e) != 0)
        return -1;
    log_info(rq->log, "logged in as %s with %s", p->user, session_identity(s));
    return session_hand_over(s, e);
}

static struct session *dial_and_establish(const struct connect_request *rq, struct err *e)
{
    const struct profile *p = rq->profile;

    struct wait w = phase(rq);
    int fd = rq->way.dial != NULL ? rq->way.dial(rq->way.user, &w, e) : dial_tcp(p->host, p->port, &w, e);
    if (fd < 0)
        return NULL;
    dial_limit_silence(fd, p->keepalive_interval_ms * p->keepalive_count);
    char *algorithms = hostkey_algorithms(&p->pins);
    struct session *s = session_new(fd, p->user, algorithms, rq->log, e);
    free(algorithms);
    if (s != NULL && establish(s, rq, e) != 0) {
        session_free(s);
        return NULL;
    }
    return s;
}

struct session *connect_host(const struct connect_request *rq, struct err *e)
{
    if (connect_check_pins(rq->profile, e) != 0)
        return NULL;
    struct session *s = dial_and_establish(rq, e);
    /* libcrypto keeps a random generator for each thread; the worker outlives
     * libcrypto's own clean-up at exit. */
    OPENSSL_thread_stop();
    return s;
}
