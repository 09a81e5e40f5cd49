#include "tether/relay.h"

#include "base/mem.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define READS_PER_TURN 4
#define LINGER_MS 2000 /* for what a client wrote before it went away */

enum phase { PHASE_HELD, PHASE_OPENING, PHASE_OPEN, PHASE_DONE };

/* Bytes on their way that one side could not take yet. */
struct backlog {
    char *data;
    size_t at, len;
};

struct relay {
    uv_poll_t poll;
    uv_timer_t timer;
    int open_handles;
    int armed; /* events that poll is started with */
    int fd;
    enum phase phase;
    struct relay_owner *owner;
    struct channel *ch;
    struct backlog up, down;
    bool local_eof; /* the client will send no more */
    bool eof_sent;  /* and the channel was told */
    bool up_ended;  /* the channel takes no more */
    bool shut;      /* the client was told that no more will come */
    bool gone;      /* the client has closed altogether */
    bool delivered; /* the client got at least a byte */
    struct relay *prev, *next;
};

static size_t on_channel_data(void *user, const void *buf, size_t len);
static void on_channel_event(void *user);

const struct channel_callbacks relay_callbacks = { .data = on_channel_data, .event = on_channel_event };

static void backlog_clear(struct backlog *b)
{
    free(b->data);
    *b = (struct backlog){ 0 };
}

/* ---- the local descriptor ------------------------------------------------ */

/* True when both directions of the client are closed. recv() alone cannot tell
 * that from a half-close. */
static bool hung_up(int fd)
{
    struct pollfd p = { .fd = fd, .events = 0 };

    return poll(&p, 1, 0) == 1 && (p.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}

static void on_poll(uv_poll_t *poll, int status, int events);

static void arm(struct relay *r)
{
    /* UV_PRIORITIZED stands for the hang-up alone: epoll reports EPOLLHUP
     * unasked, but libuv drops it unless something is watched, and watching
     * UV_DISCONNECT would spin after a half-close. Once it has hung up,
     * nothing is watched, because that would spin too. */
    int events = r->gone ? 0 : UV_PRIORITIZED;

    if (r->phase == PHASE_OPEN && !r->gone) {
        if (!r->local_eof && !r->up_ended && r->up.data == NULL && channel_window(r->ch) > 0 &&
            !r->owner->congested(r->owner->user))
            events |= UV_READABLE;
        if (r->down.data != NULL || channel_paused(r->ch))
            events |= UV_WRITABLE;
    }
    if (events == r->armed)
        return;
    r->armed = events;
    if (events == 0)
        uv_poll_stop(&r->poll);
    else
        uv_poll_start(&r->poll, events, on_poll);
}

/* ---- the end ------------------------------------------------------------- */

static void on_handle_closed(uv_handle_t *handle)
{
    struct relay *r = handle->data;

    if (--r->open_handles > 0)
        return;
    r->owner->closed(r->owner->user, r);
    backlog_clear(&r->up);
    backlog_clear(&r->down);
    free(r);
}

int relay_release(struct relay *r)
{
    int fd = r->fd;

    if (r->phase == PHASE_DONE)
        return -1;
    r->phase = PHASE_DONE;
    r->fd = -1;
    channel_close(r->ch);
    r->ch = NULL;
    uv_close((uv_handle_t *)&r->poll, on_handle_closed);
    uv_close((uv_handle_t *)&r->timer, on_handle_closed);
    r->owner->dirty(r->owner->user);
    return fd;
}

void relay_close(struct relay *r)
{
    int fd = relay_release(r);

    if (fd >= 0)
        close(fd);
}

static void on_linger_over(uv_timer_t *timer)
{
    relay_close(timer->data);
}

/* The client is gone: what it wrote before is still delivered, for a while;
 * what is for it is dropped. */
static void set_gone(struct relay *r)
{
    int pending = 0;

    if (r->gone)
        return;
    r->gone = true;
    backlog_clear(&r->down);
    if (r->phase != PHASE_OPEN && (ioctl(r->fd, FIONREAD, &pending) != 0 || pending == 0))
        relay_close(r);
    else if (r->phase == PHASE_OPEN)
        uv_timer_start(&r->timer, on_linger_over, LINGER_MS, 0);
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
            set_gone(r);
            return len;
        }
        sent += (size_t)n;
    }
    r->owner->bytes_in += sent;
    r->delivered = r->delivered || sent > 0;
    return sent;
}

static size_t on_channel_data(void *user, const void *buf, size_t len)
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

static void on_channel_event(void *user)
{
    struct relay *r = user;

    r->owner->dirty(r->owner->user);
}

static void flow_down(struct relay *r)
{
    for (;;) {
        if (r->down.data != NULL && !r->gone) {
            r->down.at += send_local(r, r->down.data + r->down.at, r->down.len - r->down.at);
            if (!r->gone && r->down.at < r->down.len)
                return;
        }
        backlog_clear(&r->down);
        if (!channel_paused(r->ch))
            break;
        if (channel_drain(r->ch, &r->down.data, &r->down.len) != 0) {
            /* A stream with a hole is worse than none. */
            relay_close(r);
            return;
        }
    }
    if (channel_at_eof(r->ch) && !r->shut) {
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
    backlog_clear(&r->up);
    return true;
}

static void note_end(struct relay *r)
{
    r->local_eof = true;
    if (hung_up(r->fd))
        set_gone(r);
}

static void read_local(struct relay *r)
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
        read_local(r); /* it is not polled any more */
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
    return !r->delivered && !r->gone && channel_exit_status(r->ch) > 0;
}

static void flow(struct relay *r)
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
        r->owner->refused(r->owner->user, r, channel_stderr(r->ch));
        return;
    }
    if ((ended && drained) || (r->gone && up_done) || (up_done && r->shut && drained))
        relay_close(r);
    else
        arm(r);
}

void relay_step(struct relay *r, bool probe)
{
    if (r->phase == PHASE_OPENING) {
        switch (channel_step(r->ch, probe)) {
        case CHANNEL_OPENING:
            return;
        case CHANNEL_REFUSED:
            r->owner->refused(r->owner->user, r, channel_reason(r->ch));
            return;
        case CHANNEL_OPEN:
        case CHANNEL_ENDED:
            break;
        }
        r->phase = PHASE_OPEN;
        uv_timer_stop(&r->timer);
        if (r->gone)
            uv_timer_start(&r->timer, on_linger_over, LINGER_MS, 0);
    }
    if (r->phase == PHASE_OPEN)
        flow(r);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct relay *r = poll->data;

    if (status < 0 || ((events & UV_PRIORITIZED) && hung_up(r->fd)))
        set_gone(r);
    if (r->phase == PHASE_OPEN && (events & UV_READABLE) && !r->gone)
        read_local(r);
    if (r->phase == PHASE_OPEN)
        flow(r);
    else if (r->phase != PHASE_DONE)
        arm(r);
    r->owner->dirty(r->owner->user);
}

static void on_hold_over(uv_timer_t *timer)
{
    struct relay *r = timer->data;

    r->owner->expired(r->owner->user, r);
}

static void on_open_over(uv_timer_t *timer)
{
    struct relay *r = timer->data;

    r->owner->refused(r->owner->user, r, "the server did not answer in time");
}

struct relay *relay_new(uv_loop_t *loop, int fd, int64_t hold_ms, struct relay_owner *owner)
{
    struct relay *r = mem_alloc(sizeof *r);

    r->fd = fd;
    r->owner = owner;
    r->poll.data = r->timer.data = r;
    if (uv_poll_init(loop, &r->poll, fd) != 0) {
        free(r);
        return NULL;
    }
    uv_timer_init(loop, &r->timer);
    r->open_handles = 2;
    uv_timer_start(&r->timer, on_hold_over, (uint64_t)hold_ms, 0);
    arm(r);
    return r;
}

void relay_attach(struct relay *r, struct channel *ch, int64_t open_ms)
{
    r->ch = ch;
    r->phase = PHASE_OPENING;
    channel_set_owner(ch, &relay_callbacks, r);
    uv_timer_start(&r->timer, on_open_over, (uint64_t)open_ms, 0);
    relay_step(r, false);
    r->owner->dirty(r->owner->user);
}

void relay_unattach(struct relay *r, int64_t hold_ms)
{
    if (r->phase != PHASE_OPENING) {
        relay_close(r);
        return;
    }
    channel_close(r->ch);
    r->ch = NULL;
    r->phase = PHASE_HELD;
    uv_timer_start(&r->timer, on_hold_over, (uint64_t)hold_ms, 0);
}

bool relay_held(const struct relay *r)
{
    return r->phase == PHASE_HELD;
}

bool relay_opening(const struct relay *r)
{
    return r->phase == PHASE_OPENING;
}

bool relay_done(const struct relay *r)
{
    return r->phase == PHASE_DONE;
}

void relay_list_add(struct relay_list *list, struct relay *r)
{
    r->prev = list->last;
    r->next = NULL;
    if (list->last != NULL)
        list->last->next = r;
    else
        list->first = r;
    list->last = r;
    list->count++;
}

void relay_list_remove(struct relay_list *list, struct relay *r)
{
    if (r->prev != NULL)
        r->prev->next = r->next;
    else
        list->first = r->next;
    if (r->next != NULL)
        r->next->prev = r->prev;
    else
        list->last = r->prev;
    list->count--;
}

struct relay *relay_next(const struct relay *r)
{
    return r->next;
}
