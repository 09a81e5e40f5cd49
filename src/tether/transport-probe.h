/* transport-probe: which transport reaches which Docker socket at the other side of this
 * session, or why none does. */
#ifndef DOCKTETHER_TETHER_TRANSPORT_PROBE_H
#define DOCKTETHER_TETHER_TRANSPORT_PROBE_H

#include "base/err.h"
#include "ssh/channel.h"
#include "store/profile.h"

#include <uv.h>

struct transport_probe;

struct transport_probe_result {
    enum transport transport; /* streamlocal or dial-stdio */
    char reason[256];         /* why this one */
    const char *socket;       /* until the probe is freed; NULL: only the command knows */
};

struct transport_probe_owner {
    void (*dirty)(void *user); /* libssh was called: transport_probe_step() before the loop polls again */
    /* Once; never from within transport_probe_start(). result is NULL on failure, and e
     * then says why (ERR_SOCKET). The probe is over, but not freed. */
    void (*done)(void *user, const struct transport_probe_result *result, const struct err *e);
    void *user;
};

/* streamlocal is shown to work by opening a channel: sshd answers after it has
 * connected to the socket. dial-stdio is shown by an HTTP HEAD /_ping, because
 * a command that starts proves nothing. The remote shell is asked where sockets
 * are when the profile says "auto", else only when nothing works, to tell what
 * is wrong with the one; a server that runs something else in its place (a
 * forced command) gives no answer. Each try takes at most the profile's
 * connect-timeout. */
struct transport_probe *transport_probe_start(uv_loop_t *loop, struct session *s, const struct profile *p,
                                              const struct transport_probe_owner *owner);

void transport_probe_step(struct transport_probe *pr);

/* The open channel that has shown streamlocal to work, now the caller's (with a
 * new owner to be set): the first connection need not wait for another. NULL when
 * there is none. */
struct channel *transport_probe_take_channel(struct transport_probe *pr);

/* May be called at any time, and must be, once. */
void transport_probe_free(struct transport_probe *pr);

#endif
