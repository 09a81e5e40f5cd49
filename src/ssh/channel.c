#include "ssh/channel-internal.h"

#include "base/time.h"
#include "ssh/interposed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* libssh copies every chunk into its own buffer before it can be sent. */
#define WRITE_MAX (256 * 1024)
#define LATE_MAX (4 * (size_t)WINDOW_BUDGET) /* what closed channels of a session may hold */

static void notify(struct channel *ch)
{
    if (ch->cb != NULL)
        ch->cb->event(ch->user);
}

static void took(struct channel *ch, size_t n)
{
    struct session *s = ch->session;

    if (s->widens || s->grants)
        channel_window_took(&ch->window, n, time_mono_us(), s->round_trip_us, &s->window_spent);
    s->bulk = s->bulk || s->window_spent > 0;
}

/* libssh keeps what nobody takes, also when a server goes on beyond the window:
 * it only says so in its log. No window is larger than this. */
static void bound(struct channel *ch, size_t waiting)
{
    if (waiting > (size_t)WINDOW_MAX + ch->window.base)
        session_give_up(ch->session, ERR_UNREACHABLE, "SSH",
                        "the server sends more than it was told there is room for");
}

/* A channel that was given up; waiting is all that libssh holds of it. Nothing is taken: libssh
 * would grant window for it, and a server that has closed the channel ends the connection for
 * that (Dropbear), or has given its number to another channel (RFC 4254 5.3). What was on its
 * way fits into the windows. */
static int discard(struct channel *ch, const void *data, uint32_t waiting)
{
    struct session *s = ch->session;

    /* For its first data a channel would be granted window all the same. */
    (void)interposed_answer(data, waiting, waiting, 2 * WINDOW_MAX);
    s->late += waiting > ch->late ? waiting - ch->late : 0;
    ch->late = waiting > ch->late ? waiting : ch->late;
    bound(ch, ch->late);
    if (s->late > LATE_MAX)
        session_give_up(s, ERR_UNREACHABLE, "SSH", "the server goes on sending on channels that are closed");
    return 0;
}

static size_t deliver(struct channel *ch, const void *data, size_t len)
{
    if (ch->paused) {
        bound(ch, len);
        notify(ch);
        return 0;
    }
    size_t taken = ch->cb->data(ch->user, data, len);
    took(ch, taken);
    bound(ch, len - taken);
    if (taken < len) {
        ch->paused = true;
        notify(ch);
    }
    return taken;
}

/* The window is granted by libssh's own count from now on. */
static void stop_granting(struct session *s, const char *why)
{
    s->grants = false;
    log_warn(s->log, "%s: downloads over long lines wait for libssh's window of 2 MiB", why);
}

/* A data callback was given len bytes and takes `taken` of them. */
static void grant(struct channel *ch, const void *data, uint32_t len, uint32_t taken)
{
    struct session *s = ch->session;
    uint32_t rest = len - taken, told = rest;

    /* What libssh 0.10 grants is counted by channel_widen() alone. */
    if (taken == 0 || !s->grants)
        return;
    if (ch->grant.local < 0)
        stop_granting(s, "libssh's window is not what it was counted to be");
    else
        told = window_grant_wish(&ch->grant, rest, channel_window_size(&ch->window));
    if (told != rest && !interposed_answer(data, len, rest, told)) {
        stop_granting(s, "libssh does not call docktether's ssh_buffer_get_len()");
        told = rest;
    }
    if (window_grant_left(&ch->grant, rest, told))
        channel_window_granted(&ch->window);
}

static int on_data(ssh_session ssh, ssh_channel sch, void *data, uint32_t len, int is_stderr, void *user)
{
    struct channel *ch = user;

    (void)ssh;
    (void)sch;
    if (ch->cb == NULL)
        return discard(ch, data, len);
    if (is_stderr) {
        window_grant_stderr(&ch->grant, len);
        exit_status_hear(&ch->ending, data, len);
        return (int)len;
    }
    window_grant_arrived(&ch->grant, len);
    size_t taken = deliver(ch, data, len);
    grant(ch, data, len, (uint32_t)taken);
    return (int)taken;
}

static void on_eof(ssh_session ssh, ssh_channel sch, void *user)
{
    struct channel *ch = user;

    (void)ssh;
    (void)sch;
    /* The end of a stream with a hole is none: session_pump() tells of the loss. */
    if (session_overrun(ch->session))
        return;
    ch->remote_eof = true;
    notify(ch);
}

static void on_close(ssh_session ssh, ssh_channel sch, void *user)
{
    struct channel *ch = user;

    (void)ssh;
    (void)sch;
    if (session_overrun(ch->session))
        return;
    ch->remote_closed = true;
    /* A command's exit status tells whether its output was whole. */
    ch->remote_eof = ch->remote_eof || ch->command != NULL;
    closing_news(&ch->session->closing, &ch->closing);
    notify(ch);
}

static void on_exit_status(ssh_session ssh, ssh_channel sch, int status, void *user)
{
    struct channel *ch = user;

    (void)ssh;
    (void)sch;
    ch->ending.status = status;
    notify(ch);
}

static void on_exit_signal(ssh_session ssh, ssh_channel sch, const char *signal, int core, const char *msg,
                           const char *lang, void *user)
{
    struct channel *ch = user;

    (void)ssh;
    (void)sch;
    (void)core;
    (void)msg;
    (void)lang;
    snprintf(ch->ending.signal, sizeof ch->ending.signal, "%s", signal);
    notify(ch);
}

void channel_hook(struct channel *ch)
{
    ch->hooks = (struct ssh_channel_callbacks_struct){
        .userdata = ch,
        .channel_data_function = on_data,
        .channel_eof_function = on_eof,
        .channel_close_function = on_close,
        .channel_exit_status_function = on_exit_status,
        .channel_exit_signal_function = on_exit_signal,
    };
    ssh_callbacks_init(&ch->hooks);
    ssh_set_channel_callbacks(ch->ssh, &ch->hooks);
}

void channel_set_owner(struct channel *ch, const struct channel_callbacks *cb, void *user)
{
    ch->cb = cb;
    ch->user = user;
}

size_t channel_window(const struct channel *ch)
{
    return ch->session->dead || ch->state != CHANNEL_OPEN ? 0 : ssh_channel_window_size(ch->ssh);
}

ssize_t channel_write(struct channel *ch, const void *buf, size_t len)
{
    size_t window = channel_window(ch);

    if (ch->session->dead || ch->state != CHANNEL_OPEN || ch->remote_closed)
        return -1;
    if (len > window)
        len = window;
    if (len > WRITE_MAX)
        len = WRITE_MAX;
    if (len == 0)
        return 0;
    const uint64_t packets = ch->session->packets.out_packets;
    session_enter(ch->session);
    int n = ssh_channel_write(ch->ssh, buf, (uint32_t)len);
    session_leave(ch->session);
    ch->wrote = ch->wrote || n > 0 || ch->session->packets.out_packets != packets;
    return n < 0 ? -1 : n;
}

bool channel_wrote(const struct channel *ch)
{
    return ch->wrote;
}

int channel_send_eof(struct channel *ch)
{
    if (ch->session->dead || ch->state != CHANNEL_OPEN || ch->remote_closed)
        return -1;
    session_enter(ch->session);
    int rc = ssh_channel_send_eof(ch->ssh);
    session_leave(ch->session);
    /* SSH_AGAIN: the message is queued, not all of it is on the wire yet. */
    return rc == SSH_ERROR ? -1 : 0;
}

bool channel_at_eof(const struct channel *ch)
{
    return ch->remote_eof && !ch->paused;
}

bool channel_paused(const struct channel *ch)
{
    return ch->paused;
}

int channel_drain(struct channel *ch, char **buf, size_t *len)
{
    *buf = NULL;
    *len = 0;
    /* Not once the session is dead: libssh frees nothing by itself, and what
     * arrived before the loss is whole as far as it goes. */
    int waiting = ssh_channel_poll(ch->ssh, 0);
    if (waiting <= 0) {
        ch->paused = false;
        return 0;
    }
    /* A count beyond what waits would be taken as a wish for a larger window. */
    *buf = malloc((size_t)waiting);
    if (*buf == NULL)
        return -1;
    session_enter(ch->session);
    int n = ssh_channel_read_timeout(ch->ssh, *buf, (uint32_t)waiting, 0, 0);
    session_leave(ch->session);
    if (n < 0) {
        free(*buf);
        *buf = NULL;
        return -1;
    }
    took(ch, (size_t)n);
    window_grant_read(&ch->grant, (uint32_t)n);
    *len = (size_t)n;
    return 0;
}

void channel_widen(struct channel *ch, char **buf, size_t *len)
{
    uint32_t size = ch->session->widens ? channel_window_due(&ch->window) : 0;

    *buf = NULL;
    *len = 0;
    if (size == 0 || ch->paused || ch->state != CHANNEL_OPEN || ch->session->dead)
        return;
    void *room = session_window_room(ch->session);
    if (room == NULL)
        return;
    /* libssh 0.10 has no other way: it grants as much as a read asks for
     * (grow_window(), called in line 3017 of its channels.c). */
    session_enter(ch->session);
    int n = ssh_channel_read_timeout(ch->ssh, room, size, 0, 0);
    session_leave(ch->session);
    channel_window_granted(&ch->window);
    if (n <= 0)
        return;
    took(ch, (size_t)n);
    *buf = malloc((size_t)n);
    if (*buf == NULL) {
        /* A stream with a hole is worse than none. */
        session_give_up(ch->session, ERR_FAILED, "SSH", "no memory for %d bytes that arrived", n);
        return;
    }
    memcpy(*buf, room, (size_t)n);
    *len = (size_t)n;
}

const struct exit_status *channel_exit_status(const struct channel *ch)
{
    return &ch->ending;
}
