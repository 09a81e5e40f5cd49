#include "tether/flow.h"

#include "base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define READS_PER_TURN 4

void flow_drop(struct backlog *b)
{
    free(b->data);
    *b = (struct backlog){ 0 };
}

/* ---- from the channel to the client -------------------------------------- */

/* Bytes that the client took. */
static size_t send_local(struct relay *r, const char *data, size_t len)
{
    size_t sent = 0;

    while (sent < len) {
        ssize_t n = send(r->fd, data + sent, len - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            break;
        if (n < 0) {
            relay_set_gone(r);
            return len;
        }
        sent += (size_t)n;
    }
    r->owner->bytes_in += sent;
    r->delivered = r->delivered || sent > 0;
    return sent;
}

size_t flow_data(void *user, const void *buf, size_t len)
{
    struct relay *r = user;

    if (r->gone) {
        r->owner->dirty(r->owner->user);
        return len;
    }
    if (r->phase != PHASE_OPEN || r->down.data != NULL)
        return 0;
    return send_local(r, buf, len);
}

void flow_event(void *user)
{
    struct relay *r = user;

    r->owner->dirty(r->owner->user);
}

/* The end of a command's output may arrive before the news that it failed, which
 * has to be told in place of the end. */
static bool may_still_fail(const struct relay *r)
{
    return channel_is_exec(r->ch) && !r->delivered && !r->gone &&
           (channel_step(r->ch, false) != CHANNEL_ENDED || ending_failed(channel_ending(r->ch)));
}

static void flow_down(struct relay *r)
{
    for (;;) {
        if (r->down.data != NULL && !r->gone) {
            r->down.at += send_local(r, r->down.data + r->down.at, r->down.len - r->down.at);
            if (!r->gone && r->down.at < r->down.len)
                return;
        }
        flow_drop(&r->down);
        if (!channel_paused(r->ch))
            break;
        if (channel_drain(r->ch, &r->down.data, &r->down.len) != 0) {
            /* A stream with a hole is worse than none. */
            relay_close(r);
            return;
        }
    }
    if (channel_at_eof(r->ch) && !r->shut && !may_still_fail(r)) {
        r->shut = true;
        (void)shutdown(r->fd, SHUT_WR);
    }
}

/* ---- from the client to the channel -------------------------------------- */

static void set_backlog(struct backlog *b, const char *data, size_t len)
{
    b->data = mem_alloc(len);
    memcpy(b->data, data, len);
    b->at = 0;
    b->len = len;
}

/* Writes what the channel takes; false when it takes no more for good. */
static bool write_up(struct relay *r, const char *data, size_t len, size_t *written)
{
    ssize_t n = channel_write(r->ch, data, len);

    *written = n > 0 ? (size_t)n : 0;
    r->owner->bytes_out += *written;
    if (n < 0)
        r->up_ended = true;
    return n >= 0;
}

static bool flush_up(struct relay *r)
{
    size_t n = 0;

    if (r->up.data == NULL)
        return true;
    if (r->owner->congested(r->owner->user))
        return false;
    if (write_up(r, r->up.data + r->up.at, r->up.len - r->up.at, &n)) {
        r->up.at += n;
        if (r->up.at < r->up.len)
            return false;
    }
    flow_drop(&r->up);
    return true;
}

static void note_end(struct relay *r)
{
    r->local_eof = true;
    if (relay_hung_up(r))
        relay_set_gone(r);
}

void flow_read(struct relay *r)
{
    struct relay_owner *o = r->owner;

    for (int i = 0; i < READS_PER_TURN && !r->local_eof && !r->up_ended; i++) {
        size_t room = channel_window(r->ch), written = 0;
        if (r->up.data != NULL || room == 0 || o->congested(o->user))
            return;
        ssize_t n = recv(r->fd, o->scratch, room < o->scratch_size ? room : o->scratch_size, MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
            return;
        if (n <= 0) {
            note_end(r);
            return;
        }
        if (write_up(r, o->scratch, (size_t)n, &written) && written < (size_t)n)
            set_backlog(&r->up, o->scratch + written, (size_t)n - written);
    }
}

static void flow_up(struct relay *r)
{
    if (!flush_up(r))
        return;
    if (r->gone && !r->local_eof && !r->up_ended)
        flow_read(r); /* it is not polled any more */
    if (r->local_eof && r->up.data == NULL && !r->eof_sent && !r->up_ended) {
        r->eof_sent = true;
        if (channel_send_eof(r->ch) != 0)
            r->up_ended = true;
    }
}

/* ---- both ---------------------------------------------------------------- */

/* A command that failed before it said anything to the client: its words
 * belong into an answer, not into the void. */
static bool command_failed(const struct relay *r)
{
    return !r->delivered && !r->gone && ending_failed(channel_ending(r->ch));
}

static void tell_ending(struct relay *r)
{
    char how[600];

    /* A client that goes away first may well be why. */
    if ((r->gone && !r->shut) || !ending_failed(channel_ending(r->ch)))
        return;
    ending_describe(channel_ending(r->ch), how, sizeof how);
    r->owner->failed(r->owner->user, r, how);
}

static void refuse_ended(struct relay *r)
{
    char how[600];

    ending_describe(channel_ending(r->ch), how, sizeof how);
    r->owner->refused(r->owner->user, r, how);
}

void flow_run(struct relay *r)
{
    flow_down(r);
    if (r->phase == PHASE_OPEN)
        flow_up(r);
    if (r->phase != PHASE_OPEN)
        return;

    bool drained = !channel_paused(r->ch) && r->down.data == NULL;
    bool ended = channel_step(r->ch, false) == CHANNEL_ENDED;
    bool up_done = r->eof_sent || r->up_ended;
    if (ended && drained && command_failed(r)) {
        refuse_ended(r);
        return;
    }
    if (ended && drained)
        tell_ending(r);
    bool over = (r->gone && up_done) || (up_done && channel_at_eof(r->ch) && drained);
    /* A command ends by itself, soon after its input has: cut off, it might not
     * have passed everything on, and how it ended would not be known. */
    if (over && channel_is_exec(r->ch) && !ended) {
        relay_linger(r);
        relay_arm(r);
    } else if ((ended && drained) || over) {
        relay_close(r);
    } else {
        relay_arm(r);
    }
}
