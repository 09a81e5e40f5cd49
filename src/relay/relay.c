#include "relay/relay-internal.h"

#include "base/mem.h"
#include "base/time.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINGER_MS 2000 /* for what a client wrote before it went away */
#define ABANDON_MS 100 /* the same, when the command has begun to answer all of it */
#define EXIT_MS 1000   /* between the end of a command's output and the word how it ended */

const struct channel_callbacks relay_callbacks = { .data = relay_flow_data, .event = relay_flow_event };

static size_t *tally(struct relay *r)
{
    switch (r->phase) {
    case PHASE_HELD:
        return &r->owner->held;
    case PHASE_OPENING:
        return &r->owner->opening;
    case PHASE_OPEN:
        return &r->owner->open;
    case PHASE_DONE:
        break;
    }
    abort();
}

static void set_phase(struct relay *r, enum phase phase)
{
    --*tally(r);
    r->phase = phase;
    if (phase != PHASE_DONE)
        ++*tally(r);
}

/* ---- the end ------------------------------------------------------------- */

static void on_handle_closed(uv_handle_t *handle)
{
    struct relay *r = handle->data;

    r->owner->closed(r->owner->user, r);
    relay_flow_drop(&r->up);
    relay_flow_drop(&r->down);
    free(r);
}

/* Lets go of the descriptor as it is; -1 when that has happened before. */
static int let_go(struct relay *r)
{
    int fd = r->fd;

    if (r->phase == PHASE_DONE)
        return -1;
    epoll_set_remove(r->owner->epoll, &r->watched);
    set_phase(r, PHASE_DONE);
    r->owner->tagged -= r->tag != NULL;
    r->fd = -1;
    channel_close(r->ch);
    r->ch = NULL;
    uv_close((uv_handle_t *)&r->timer, on_handle_closed);
    r->owner->dirty(r->owner->user);
    return fd;
}

int relay_release(struct relay *r)
{
    if (r->phase != PHASE_DONE)
        unread_byte_take(&r->unread, r->fd);
    return let_go(r);
}

void relay_close(struct relay *r)
{
    int fd = relay_release(r);

    if (fd >= 0)
        close(fd);
}

void relay_cut(struct relay *r)
{
    int fd = r->shut ? relay_release(r) : let_go(r);

    if (fd >= 0)
        close(fd);
}

static void on_linger_over(uv_timer_t *timer)
{
    relay_close(timer->data);
}

/* A command that answers has got what the client wrote before. It may go on for long,
 * for nobody, and has a place that others wait for. */
void relay_linger(struct relay *r)
{
    if (!uv_is_active((uv_handle_t *)&r->timer))
        uv_timer_start(&r->timer, on_linger_over, r->gone && r->answered ? ABANDON_MS : LINGER_MS, 0);
}

static void on_exit_due(uv_timer_t *timer)
{
    struct relay *r = timer->data;

    r->overdue = true;
    if (r->gone)
        relay_linger(r);
    r->owner->dirty(r->owner->user);
}

void relay_await_exit(struct relay *r)
{
    if (!uv_is_active((uv_handle_t *)&r->timer))
        uv_timer_start(&r->timer, on_exit_due, EXIT_MS, 0);
}

void relay_farewell(struct relay *r)
{
    r->farewell = true;
    uv_timer_start(&r->timer, on_linger_over, (uint64_t)r->owner->farewell_ms, 0);
}

/* What the client wrote before is still delivered, for a while, unless it had to wait
 * and gave up; what is for it is dropped. */
void relay_set_gone(struct relay *r)
{
    if (r->gone)
        return;
    r->gone = true;
    relay_flow_drop(&r->down);
    if (r->phase == PHASE_OPEN)
        relay_linger(r); /* relay_flow_run() forgets it, if it has to */
    else
        relay_close(r);
}

void relay_step(struct relay *r, bool probe)
{
    if (r->phase == PHASE_OPENING) {
        switch (channel_step(r->ch, probe)) {
        case CHANNEL_OPENING:
            r->waited = true;
            return;
        case CHANNEL_REFUSED:
            r->owner->refused(r->owner->user, r, channel_reason(r->ch));
            return;
        case CHANNEL_OPEN:
        case CHANNEL_ENDED:
            break;
        }
        set_phase(r, PHASE_OPEN);
        uv_timer_stop(&r->timer);
        r->owner->opened(r->owner->user, r);
    }
    if (r->phase == PHASE_OPEN)
        relay_flow_run(r);
}

/* Notes it; what follows from it is done when the owner steps all relays. */
static void on_changed(void *user, int what)
{
    struct relay *r = user;

    r->readable = r->readable || (what & EPOLL_SET_READABLE);
    r->ending = r->ending || (what & EPOLL_SET_END);
    if (what & EPOLL_SET_GONE)
        relay_set_gone(r);
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

struct relay *relay_new(uv_loop_t *loop, int fd, int64_t hold_ms, bool waits, struct relay_owner *owner,
                        void *tag)
{
    struct relay *r = mem_alloc(sizeof *r);

    r->fd = fd;
    r->owner = owner;
    r->tag = tag;
    r->waited = waits;
    r->timer.data = r;
    r->watched.changed = on_changed;
    r->watched.user = r;
    if (epoll_set_add(owner->epoll, &r->watched, fd) != 0) {
        free(r);
        return NULL;
    }
    owner->held++; /* its first phase */
    owner->tagged += tag != NULL;
    uv_timer_init(loop, &r->timer);
    r->hold_until_ms = time_mono_ms() + hold_ms;
    uv_timer_start(&r->timer, on_hold_over, (uint64_t)hold_ms, 0);
    return r;
}

void relay_attach(struct relay *r, struct channel *ch, int64_t open_ms, bool spare)
{
    assert(r->phase == PHASE_HELD && r->ch == NULL && !r->gone);
    r->ch = ch;
    r->spare = spare;
    set_phase(r, PHASE_OPENING);
    channel_set_owner(ch, &relay_callbacks, r);
    uv_timer_start(&r->timer, on_open_over, (uint64_t)open_ms, 0);
    relay_step(r, false);
    r->owner->dirty(r->owner->user);
}

static void hold(struct relay *r, int64_t ms, bool queued)
{
    assert(relay_unsent(r));
    channel_close(r->ch);
    r->ch = NULL;
    set_phase(r, PHASE_HELD);
    r->queued = queued;
    r->waited = true;
    r->up_ended = r->overdue = false; /* of the channel that was given up */
    uv_timer_start(&r->timer, on_hold_over, (uint64_t)ms, 0);
    epoll_set_want_writable(r->owner->epoll, &r->watched, false);
}

void relay_hold(struct relay *r, int64_t hold_ms)
{
    int64_t now = time_mono_ms();

    r->queued_ms = 0;
    /* Sessions that come and die, one after the other, do not make it longer for a
     * client that waits; one that had a channel and has asked for nothing does not wait. */
    if (r->hold_until_ms == 0 || (r->phase == PHASE_OPEN && !r->readable && r->up.data == NULL))
        r->hold_until_ms = now + hold_ms;
    hold(r, r->hold_until_ms > now ? r->hold_until_ms - now : 0, false);
}

void relay_queue(struct relay *r, int64_t patience_ms)
{
    if (r->queued_ms == 0)
        r->queued_ms = time_mono_ms();
    r->hold_until_ms = 0;
    hold(r, patience_ms, true);
}

void *relay_tag(const struct relay *r)
{
    return r->tag;
}

void relay_greet(struct relay *r, const char *line)
{
    assert(r->phase == PHASE_OPEN);
    if (send(r->fd, line, strlen(line), MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)strlen(line))
        relay_set_gone(r);
}

bool relay_held(const struct relay *r)
{
    return r->phase == PHASE_HELD;
}

bool relay_queued(const struct relay *r)
{
    return r->phase == PHASE_HELD && r->queued;
}

int64_t relay_queued_ms(const struct relay *r)
{
    return r->queued_ms;
}

bool relay_session_refused(const struct relay *r)
{
    return r->phase == PHASE_OPENING && channel_turned_away(r->ch);
}

bool relay_granted(const struct relay *r)
{
    return (r->phase == PHASE_OPENING || r->phase == PHASE_OPEN) && channel_granted(r->ch);
}

bool relay_opening(const struct relay *r)
{
    return r->phase == PHASE_OPENING;
}

bool relay_unsent(const struct relay *r)
{
    return !r->used && !r->delivered && !r->shut && !r->gone && r->phase != PHASE_DONE;
}

bool relay_unread(const struct relay *r)
{
    return relay_unsent(r) && r->up.data == NULL;
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
