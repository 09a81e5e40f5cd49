#include "relay/relay-internal.h"

#include "base/mem.h"
#include "base/time.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define READS_PER_TURN 4

void relay_flow_drop(struct backlog *b)
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

size_t relay_flow_data(void *user, const void *buf, size_t len)
{
    struct relay *r = user;

    /* Later than an answer to anything else could come. */
    r->answered = r->answered || time_mono_ms() - r->up_ms > r->owner->farewell_ms;
    if (r->gone) {
        r->owner->dirty(r->owner->user);
        return len;
    }
    if (r->phase != PHASE_OPEN || r->down.data != NULL)
        return 0;
    return send_local(r, buf, len);
}

void relay_flow_event(void *user)
{
    struct relay *r = user;

    r->owner->dirty(r->owner->user);
}

/* The end of a command's output may arrive before the news that it failed, or was
 * killed, which has to be told in place of the end. One that has said something and
 * goes on is not waited for long. */
static bool may_still_fail(struct relay *r)
{
    const struct exit_status *ending = channel_exit_status(r->ch);

    if (!channel_is_exec(r->ch) || r->gone)
        return false;
    if (exit_status_known(ending) || channel_step(r->ch, false) == CHANNEL_ENDED)
        return exit_status_failed(ending);
    if (r->delivered)
        relay_await_exit(r);
    return !r->delivered || !r->overdue;
}

static void flow_down(struct relay *r)
{
    for (;;) {
        if (r->down.data != NULL && !r->gone) {
            r->down.at += send_local(r, r->down.data + r->down.at, r->down.len - r->down.at);
            if (!r->gone && r->down.at < r->down.len)
                return;
        }
        relay_flow_drop(&r->down);
        if (!channel_paused(r->ch)) {
            channel_widen(r->ch, &r->down.data, &r->down.len);
            if (r->down.data == NULL)
                break;
            continue;
        }
        if (channel_drain(r->ch, &r->down.data, &r->down.len) != 0) {
            /* A stream with a hole is worse than none. */
            relay_cut(r);
            return;
        }
    }
    if (channel_at_eof(r->ch) && !r->shut && !may_still_fail(r)) {
        r->shut = true;
        (void)shutdown(r->fd, SHUT_WR);
    }
}

/* ---- from the client to the channel -------------------------------------- */

/* True when the client had to wait before anything of it went up, and has gone: nothing
 * will. One that has bytes to be read is asked, because the news that it has gone may
 * still be on its way. */
static bool gave_up(const struct relay *r)
{
    struct pollfd p = { .fd = r->fd };

    if (!r->waited || r->used)
        return false;
    return r->gone || (poll(&p, 1, 0) == 1 && (p.revents & (POLLHUP | POLLERR)) != 0);
}

/* The bytes that the channel takes. Once it takes no more for good, up_ended is set. */
static size_t write_up(struct relay *r, const char *data, size_t len)
{
    ssize_t n = channel_write(r->ch, data, len);

    if (n < 0) {
        r->up_ended = true;
        r->used = r->used || channel_wrote(r->ch); /* it is never sent twice */
    }
    if (n <= 0)
        return 0;
    r->owner->bytes_out += (size_t)n;
    r->used = true;
    r->answered = false;
    r->up_ms = time_mono_ms();
    return (size_t)n;
}

/* What was read and cannot go up is kept: until the channel takes it, or, when that has
 * ended and got nothing, for another one. */
static void keep_up(struct relay *r, const char *data, size_t len)
{
    if (len == 0 || (r->up_ended && r->used))
        return;
    r->up.data = mem_alloc(len);
    memcpy(r->up.data, data, len);
    r->up.len = len;
}

/* False while something is kept, or when the relay has ended. */
static bool flush_up(struct relay *r)
{
    if (r->up.data == NULL)
        return true;
    if (r->up_ended || r->owner->congested(r->owner->user))
        return false;
    if (gave_up(r)) {
        relay_close(r);
        return false;
    }
    r->up.at += write_up(r, r->up.data + r->up.at, r->up.len - r->up.at);
    if (r->up.at < r->up.len && !(r->up_ended && r->used))
        return false;
    relay_flow_drop(&r->up);
    return true;
}

/* Nothing is polled for by level: what may wait is read whenever it can be passed
 * on, so much in a turn that the others have theirs. */
static bool may_read(struct relay *r)
{
    struct relay_owner *o = r->owner;

    if (!r->readable || r->local_eof || r->up_ended || r->up.data != NULL || channel_window(r->ch) == 0 ||
        o->congested(o->user))
        return false;
    if (r->loop_turn != o->loop_turn) {
        r->loop_turn = o->loop_turn;
        r->reads = 0;
    }
    if (r->reads == READS_PER_TURN) {
        o->more = true;
        return false;
    }
    r->reads++;
    return true;
}

static void flow_read(struct relay *r)
{
    struct relay_owner *o = r->owner;
    char *data;

    while (may_read(r)) {
        if (gave_up(r)) {
            relay_close(r);
            return;
        }
        ssize_t n =
            unread_byte_read(&r->unread, r->fd, o->scratch, o->scratch_size, channel_window(r->ch), &data);
        if (n > 0) {
            size_t written = write_up(r, data, (size_t)n);
            keep_up(r, data + written, (size_t)n - written);
            continue;
        }
        /* The end was seen before the look that found nothing. */
        r->local_eof = r->ending || n < 0;
        r->readable = false;
    }
}

/* sshd leaves Nagle on for a connection that only forwards: its word that a channel
 * is closed would hold back, by a round trip, the answer that the client's next
 * connection waits for. So the channel of one that has gone is closed when that
 * answer has had its time. Commands are not kept: their places are counted. */
static bool takes_leave(struct relay *r)
{
    if (!r->gone || r->owner->farewell_ms == 0 || channel_is_exec(r->ch) || r->eof_sent)
        return false;
    if (!r->farewell)
        relay_farewell(r);
    return true;
}

static void flow_up(struct relay *r)
{
    if (flush_up(r))
        flow_read(r);
    if (r->phase != PHASE_OPEN)
        return;
    r->waited = r->waited || r->readable || r->up.data != NULL;
    if (r->local_eof && r->up.data == NULL && takes_leave(r))
        return;
    if (r->local_eof && r->up.data == NULL && !r->eof_sent && !r->up_ended) {
        r->eof_sent = r->used = true;
        if (channel_send_eof(r->ch) != 0)
            r->up_ended = true;
    }
}

/* ---- both ---------------------------------------------------------------- */

/* A channel that has ended, with nothing left to deliver. When its command failed
 * before it said anything to the client, its words belong into an answer, not into
 * the void; after that they are for the log. */
static void finish(struct relay *r)
{
    char how[600];

    /* Closed without an end of file: something may be missing. */
    if (!channel_at_eof(r->ch) && !r->gone) {
        r->owner->failed(r->owner->user, r, "the server closed the channel in the middle of the stream");
        relay_cut(r);
        return;
    }
    /* A client that goes away first may well be why. */
    if (!exit_status_failed(channel_exit_status(r->ch)) || (r->gone && !r->shut)) {
        relay_close(r);
        return;
    }
    exit_status_describe(channel_exit_status(r->ch), how, sizeof how);
    if (!r->delivered && !r->gone) {
        r->owner->refused(r->owner->user, r, how);
        return;
    }
    r->owner->failed(r->owner->user, r, how);
    relay_cut(r);
}

/* The daemon had ended a spare channel unnoticed. Another channel serves as well, but only
 * if nothing has gone into this one: a request that was sent may have been carried out,
 * and is never sent twice. */
static bool is_stale(const struct relay *r)
{
    return r->spare && relay_unsent(r) &&
           (channel_at_eof(r->ch) || channel_step(r->ch, false) == CHANNEL_ENDED);
}

void relay_flow_run(struct relay *r)
{
    if (r->gone && gave_up(r)) {
        relay_close(r);
        return;
    }
    if (is_stale(r)) {
        r->owner->stale(r->owner->user, r);
        return;
    }
    flow_down(r);
    if (r->phase == PHASE_OPEN)
        flow_up(r);
    if (r->phase != PHASE_OPEN)
        return;

    bool drained = !channel_paused(r->ch) && r->down.data == NULL;
    bool ended = channel_step(r->ch, false) == CHANNEL_ENDED;
    bool up_done = r->eof_sent || r->up_ended;
    bool over = (r->gone && up_done) || (up_done && channel_at_eof(r->ch) && drained);
    if (ended && drained) {
        finish(r);
    } else if (over && (!channel_is_exec(r->ch) || ended)) {
        relay_close(r);
    } else {
        /* A command ends by itself, soon after its input has: cut off, it might not
         * have passed everything on, and how it ended would not be known. */
        if (over)
            relay_linger(r);
        epoll_set_want_writable(r->owner->epoll, &r->watched, !r->gone && !drained);
    }
}
