/* channel: one SSH channel (RFC 4254 5) as a byte stream with backpressure,
 * on the loop, never blocking.
 *
 * Data goes to the owner's data() straight from libssh's buffer. What it does
 * not take stays there, and the stream is paused until channel_drain() has
 * taken everything: libssh 0.10.6 grants a whole window again for every small
 * read, so nothing is ever read in part. */
#ifndef DOCKTETHER_SSH_CHANNEL_H
#define DOCKTETHER_SSH_CHANNEL_H

#include "base/err.h"
#include "ssh/exit-status.h"
#include "ssh/session.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct channel;

struct channel_callbacks {
    /* len bytes have arrived; returns how many were taken. Not called while
     * paused. Runs inside libssh: it must not call any channel_ or session_
     * function. */
    size_t (*data)(void *user, const void *buf, size_t len);
    /* Something is worth a look: data while paused, EOF, close. The same rule
     * holds. */
    void (*event)(void *user);
};

/* All return at once, with the opening under way; NULL and ERR_FAILED
 * without memory. The channel is the caller's until channel_close().
 * direct-streamlocal@openssh.com is in OpenSSH's PROTOCOL, 2.4. */
struct channel *channel_open_streamlocal(struct session *s, const char *path,
                                         const struct channel_callbacks *cb, void *user, struct err *e);
/* direct-tcpip (RFC 4254 7.2): a TCP connection from the server to host:port. */
struct channel *channel_open_tcp(struct session *s, const char *host, int64_t port,
                                 const struct channel_callbacks *cb, void *user, struct err *e);
struct channel *channel_open_exec(struct session *s, const char *command, const struct channel_callbacks *cb,
                                  void *user, struct err *e);

/* Changes the owner; data that arrived before is not lost: drain first. */
void channel_set_owner(struct channel *ch, const struct channel_callbacks *cb, void *user);

enum channel_state {
    CHANNEL_OPENING,
    CHANNEL_OPEN,
    CHANNEL_REFUSED, /* by the server, or libssh cannot: channel_reason() */
    CHANNEL_ENDED,   /* the server closed it; data may still have to be drained */
};

/* Moves an opening channel on and tells where it stands. While probe is false
 * only what has already arrived counts, which is cheap; a refusal is seen
 * only with probe == true. */
enum channel_state channel_step(struct channel *ch, bool probe);

/* Why it was refused; "" otherwise. The server's own words, if any. */
const char *channel_reason(const struct channel *ch);

/* True when the server would not even open a channel for the command, as sshd
 * does beyond MaxSessions; false when it refused the command itself. */
bool channel_turned_away(const struct channel *ch);

/* True once a place for the command was granted, see above. */
bool channel_granted(const struct channel *ch);

bool channel_is_exec(const struct channel *ch);

/* Bytes that may be written now (RFC 4254 5.2); 0 when the window is closed. */
size_t channel_window(const struct channel *ch);

/* Writes what fits: the bytes taken (0 while keys are exchanged or the window
 * is closed), or -1 when the channel takes no more for good. */
ssize_t channel_write(struct channel *ch, const void *buf, size_t len);

/* True when some of what was to be written may have gone out, also by a call that failed: libssh
 * splits it into packets and says nothing of those before the one that failed. */
bool channel_wrote(const struct channel *ch);

/* No more data from here (RFC 4254 5.3). 0, or -1 as above. */
int channel_send_eof(struct channel *ch);

/* True once the server has sent EOF, and nothing is left to take. A command's end
 * counts as EOF; a stream that ends without it (CHANNEL_ENDED) was cut. */
bool channel_at_eof(const struct channel *ch);

bool channel_paused(const struct channel *ch);

/* While paused: takes everything that waits into an allocated buffer of the
 * caller's. 0 and *len (0: nothing waits, the pause is over), or -1. */
int channel_drain(struct channel *ch, char **buf, size_t *len);

/* Lets the server send further ahead where that makes it faster, see
 * ssh/channel-window.h. Call it from time to time while data flows. What it gives out,
 * 0 bytes mostly, comes before what channel_drain() gives. */
void channel_widen(struct channel *ch, char **buf, size_t *len);

/* Of an exec channel: what is known of its command's end so far. */
const struct exit_status *channel_exit_status(const struct channel *ch);

/* Gives the channel up, whatever its state: no callback runs any more, CLOSE is
 * sent as soon as it can be, and an answer to an open that is under way is
 * waited for, so that nothing is left over at the server: a command that still
 * runs is sent SIGHUP (RFC 4254 6.9; sshd knows it since 7.9, and has its place
 * taken until it ends). ch may be NULL. */
void channel_close(struct channel *ch);

#endif
