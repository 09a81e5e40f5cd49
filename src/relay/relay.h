/* relay: one local connection joined to one SSH channel, both directions, each
 * with its own end and its own backpressure. It never looks at content.
 *
 * An orderly end is an end of file for the client. A stream that is cut short
 * ends in ECONNRESET, see unread-byte.h: a client must be able to tell the two apart
 * where nothing in the stream does.
 *
 * A relay is first held (no channel), then attached. Its owner must call
 * relay_step() for every relay once libssh has been called by anybody, because
 * window growth and answers to opens come without an event. */
#ifndef DOCKTETHER_RELAY_RELAY_H
#define DOCKTETHER_RELAY_RELAY_H

#include "relay/epoll-set.h"
#include "ssh/channel.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct relay;

/* What relays need of their owner; one for all of them. */
struct relay_owner {
    /* libssh was called: step all relays before the loop polls again. */
    void (*dirty)(void *user);
    /* True while nothing more may be written into the session. */
    bool (*congested)(void *user);
    /* Its channel is open; nothing has been delivered yet. */
    void (*opened)(void *user, struct relay *r);
    /* The channel was refused, did not open in time, or its command failed
     * before the client got a byte. The owner must relay_release(),
     * relay_close() or relay_queue() it. */
    void (*refused)(void *user, struct relay *r, const char *reason);
    /* Its spare channel turned out to be dead, and nothing of the client's has
     * gone into it: the owner attaches another. */
    void (*stale)(void *user, struct relay *r);
    /* Its command failed after the client had got some bytes, or its channel broke off:
     * for the log. */
    void (*failed)(void *user, struct relay *r, const char *how);
    /* It was held for as long as it may be. The same duty, or relay_queue(). */
    void (*expired)(void *user, struct relay *r);
    /* The last callback; the relay is freed afterwards. */
    void (*closed)(void *user, struct relay *r);
    void *user;
    struct epoll_set *epoll; /* in which all of them are */
    char *scratch;           /* for one read */
    size_t scratch_size;
    /* How long the channel of a client that has gone is kept; 0: closed at once. */
    int64_t farewell_ms;
    uint64_t loop_turn; /* of the loop: each relay reads so much in one and no more */
    bool more;          /* some have read so much, and go on in the next turn */
    uint64_t bytes_in;  /* counted: from the remote side */
    uint64_t bytes_out;
    /* Relays by phase, as relay_held() and the others tell, and those with a tag. */
    size_t held, opening, open, tagged;
};

/* Takes over fd (non-blocking). NULL on failure: fd stays the caller's. The
 * relay is held for hold_ms. tag is the owner's, for relay_tag(). waits: there is
 * no session to attach it to at once, see relay_hold(). */
struct relay *relay_new(uv_loop_t *loop, int fd, int64_t hold_ms, bool waits, struct relay_owner *owner,
                        void *tag);

void *relay_tag(const struct relay *r);

/* Says something to the client ahead of the channel's data; only from opened().
 * A fresh socket takes a short line whole. */
void relay_greet(struct relay *r, const char *line);

/* For channels that are opened for a relay, with it as their user. */
extern const struct channel_callbacks relay_callbacks;

/* Joins a relay that is held to a channel, which it takes over; an opening one is
 * waited for open_ms. spare: it was opened some time ago, see stale(). */
void relay_attach(struct relay *r, struct channel *ch, int64_t open_ms, bool spare);

/* Gives its channel up, if there is one, and holds it: for hold_ms since it was
 * made or was last queued, however often that happens; from now on when it had a
 * channel and has asked for nothing.
 *
 * A client that closes both directions while it is held, queued or waits for its
 * channel has given up: it is forgotten with all that it wrote, so that nothing is
 * done later that its user no longer waits for. Only one that never had to wait may
 * write and go at once. shutdown(SHUT_WR) alone is not giving up. */
void relay_hold(struct relay *r, int64_t hold_ms);

/* The same, until its turn comes. */
void relay_queue(struct relay *r, int64_t patience_ms);

bool relay_held(const struct relay *r);
bool relay_queued(const struct relay *r); /* held, by relay_queue() */

/* When it was queued for the first time. */
int64_t relay_queued_ms(const struct relay *r);
bool relay_opening(const struct relay *r);
/* Nothing of the client's has gone into a channel, nothing was delivered to it, and it
 * is there: another channel serves it as well. */
bool relay_unsent(const struct relay *r);
bool relay_unread(const struct relay *r); /* nor was anything read of it: another process does */
bool relay_done(const struct relay *r);   /* only its closed() is still to come */

/* Of a relay with an exec channel: see channel_turned_away() and channel_granted(). */
bool relay_session_refused(const struct relay *r);
bool relay_granted(const struct relay *r);

/* Moves whatever can be moved. probe: see channel_step(). */
void relay_step(struct relay *r, bool probe);

/* Takes the descriptor away from the relay, which then ends; -1 when it has
 * ended already. The channel is closed. */
int relay_release(struct relay *r);

/* Ends it at once: descriptor and channel are closed. */
void relay_close(struct relay *r);

/* The same, and the client is to see that something is missing, unless it was
 * told the end of the stream before. */
void relay_cut(struct relay *r);

/* Relays in the order of their arrival. Zero-initialised when empty. */
struct relay_list {
    struct relay *first, *last;
    size_t count;
};

void relay_list_add(struct relay_list *list, struct relay *r);
void relay_list_remove(struct relay_list *list, struct relay *r);
struct relay *relay_next(const struct relay *r);

#endif
