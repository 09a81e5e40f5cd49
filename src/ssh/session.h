/* session: one SSH session (RFC 4253) that is connected and authenticated.
 *
 * connect_host() makes it in a worker thread, which then hands it over; from
 * then on one thread alone, the loop's, may touch it and its channels. */
#ifndef DOCKTETHER_SSH_SESSION_H
#define DOCKTETHER_SSH_SESSION_H

#include "base/err.h"
#include "store/pin.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct session;

/* Disconnects. All channels must have been given up with channel_close(). */
void session_free(struct session *s);

/* A descriptor to poll, valid until session_free(). It is a duplicate: libssh
 * closes its own one whenever it likes. */
int session_fd(const struct session *s);

/* Handles what has arrived and sends what can be sent, a bounded amount of
 * both, and finishes channels that were given up. Channel callbacks run from
 * here and from every channel_*() call. 0, or -1 when the connection is lost
 * (ERR_UNREACHABLE): nothing but channel_close() and session_free() may
 * follow. Call it when session_fd() is readable, or writable while
 * session_congested(). */
int session_pump(struct session *s, struct err *e);

/* True once the connection is lost, which any call can find out: session_pump()
 * tells why. libssh's own checks do not (0.10.6 to 0.12.2: dopoll says OK
 * after a MAC error); its status does. */
bool session_lost(const struct session *s);

/* True while output is waiting for the network: poll for writability too, and
 * write no more into any channel. */
bool session_congested(const struct session *s);

/* Sends a question that any server answers (RFC 4254 4, keepalive@openssh.com). */
void session_keepalive(struct session *s);

/* True when this machine no longer has the address that the connection comes from,
 * and can reach the server from another one: no packet will arrive any more.
 * False as long as there is no other way, for the address may return, and where
 * the system lets every process use any address (ip_nonlocal_bind). */
bool session_address_gone(const struct session *s);

/* The shortest time in which the server has answered an open; -1: not known. */
int64_t session_round_trip_us(const struct session *s);

/* Packets received so far: it moves while the other side lives. */
uint64_t session_packets_in(const struct session *s);

const char *session_banner(const struct session *s);         /* of the server, e.g. "SSH-2.0-OpenSSH_9.2p1" */
const struct pin *session_host_key(const struct session *s); /* the pin that matched */
/* The algorithms that were agreed on, for people: "curve25519-sha256, ...". */
const char *session_algorithms(const struct session *s, char *buf, size_t size);
/* True when a key exchange was agreed on that a quantum computer does not undo. */
bool session_post_quantum(const struct session *s);
const char *session_identity(const struct session *s); /* what logged in, for people */

/* "0.10.6/openssl/zlib" */
const char *session_library(void);
bool session_library_post_quantum(void); /* it has such a key exchange */

/* libssh may be built so that it does not call the functions that docktether has in place of its
 * own (ssh/interposed.h): what that costs, as this session has found it out so far (NULL: as this
 * process can tell without one). False and "" when it costs nothing. */
bool session_library_cost(const struct session *s, char *buf, size_t size);

#endif
