#include "relay/relay-internal.h"

#include "base/mem.h"
#include "base/time.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINGER_MS 2000 /* for what a client wrote before it went away */
#define EXIT_MS 1000   /* between the end of a command's output and the word how it ended */

const struct channel_callbacks relay_callbacks = { .data = relay_flow_data, .event = relay_flow_event };

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
    r->phase = PHASE_DONE;
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

void relay_linger(struct relay *r)
{
    if (!uv_is_active((uv_handle_t *)&r->timer))
        uv_timer_start(&r->timer, on_linger_over, LINGER_MS, 0);
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

/* The client is gone: what it wrote before is still delivered, for a while;
 * what is for it is dropped. */
void relay_set_gone(struct relay *r)
{
    if (r->gone)
        return;
    r->gone = true;
    relay_flow_drop(&r->down);
    if (relay_queued(r) || (r->phase != PHASE_OPEN && unread_byte_waiting(&r->unread, r->fd) == 0))
        relay_close(r);
    else if (r->phase == PHASE_OPEN)
        relay_linger(r);
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
            relay_linger(r);
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

struct relay *relay_new(uv_loop_t *loop, int fd, int64_t hold_ms, struct relay_owner *owner, void *tag)
{
    struct relay *r = mem_alloc(sizeof *r);

    r->fd = fd;
    r->owner = owner;
    r->tag = tag;
    r->timer.data = r;
    r->watched.changed = on_changed;
    r->watched.user = r;
    if (epoll_set_add(owner->epoll, &r->watched, fd) != 0) {
        free(r);
        return NULL;
    }
    uv_timer_init(loop, &r->timer);
    r->hold_until_ms = time_mono_ms() + hold_ms;
    uv_timer_start(&r->timer, on_hold_over, (uint64_t)hold_ms, 0);
    return r;
}

void relay_attach(struct relay *r, struct channel *ch, int64_t open_ms, bool spare)
{
    r->ch = ch;
    r->spare = spare;
    r->phase = PHASE_OPENING;
    channel_set_owner(ch, &relay_callbacks, r);
    uv_timer_start(&r->timer, on_open_over, (uint64_t)open_ms, 0);
    relay_step(r, false);
    r->owner->dirty(r->owner->user);
}

static void hold(struct relay *r, int64_t ms, bool queued)
{
    channel_close(r->ch);
    r->ch = NULL;
    r->phase = PHASE_HELD;
    r->queued = queued;
    uv_timer_start(&r->timer, on_hold_over, (uint64_t)ms, 0);
    epoll_set_want_writable(r->owner->epoll, &r->watched, false);
    if (queued && r->gone)
        relay_close(r);
}

void relay_hold(struct relay *r, int64_t hold_ms)
{
    int64_t now = time_mono_ms();

    r->queued_ms = 0;
    /* Sessions that come and die, one after the other, do not make it longer for
     * whoever waits; who had a channel and has asked for nothing yet does not wait. */
    if (r->hold_until_ms == 0 || (r->phase == PHASE_OPEN && !r->readable))
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

bool relay_untouched(const struct relay *r)
{
    return !r->used && r->up.data == NULL && !r->delivered && !r->shut && !r->gone && r->phase != PHASE_DONE;
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
