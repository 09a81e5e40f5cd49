#include "ssh/channel.h"

#include "base/mem.h"
#include "base/time.h"
#include "ssh/channel-window.h"
#include "ssh/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* libssh copies every chunk into its own buffer before it can be sent. */
#define WRITE_MAX (256 * 1024)

struct channel {
    struct session *session;
    ssh_channel ssh;
    struct ssh_channel_callbacks_struct hooks; /* libssh keeps a pointer to it */
    const struct channel_callbacks *cb;        /* NULL once given up */
    void *user;
    enum channel_state state;
    char *path; /* streamlocal */
    char *host; /* tcp */
    int64_t port;
    char *command;  /* exec */
    bool requested; /* exec: the channel is open, the request is under way */
    bool paused;
    bool remote_eof;
    bool remote_closed;
    int64_t asked_us; /* when it was begun to open */
    struct channel_window window;
    struct exit_status ending;
    bool hung_up;
    char reason[200];
    struct channel *next; /* in the session's list of those given up */
};

static void notify(struct channel *ch)
{
    if (ch->cb != NULL)
        ch->cb->event(ch->user);
}

static void took(struct channel *ch, size_t n)
{
    struct session *s = ch->session;

    if (s->widens)
        channel_window_took(&ch->window, n, time_mono_us(), s->round_trip_us, &s->window_spent);
}

/* libssh keeps what nobody takes, also when a server goes on beyond the window:
 * it only says so in its log. No window is larger than this. */
static void bound_backlog(struct channel *ch, size_t waiting)
{
    if (waiting > (size_t)WINDOW_MAX + WINDOW_BASE)
        ch->session->overrun = true;
}

static int on_data(ssh_session ssh, ssh_channel sch, void *data, uint32_t len, int is_stderr, void *user)
{
    struct channel *ch = user;

    (void)ssh;
    (void)sch;
    if (is_stderr) {
        exit_status_hear(&ch->ending, data, len);
        return (int)len;
    }
    if (ch->cb == NULL)
        return (int)len;
    if (ch->paused) {
        bound_backlog(ch, len);
        notify(ch);
        return 0;
    }
    size_t taken = ch->cb->data(ch->user, data, len);
    took(ch, taken);
    bound_backlog(ch, len - taken);
    if (taken < len) {
        ch->paused = true;
        notify(ch);
    }
    return (int)taken;
}

static void on_eof(ssh_session ssh, ssh_channel sch, void *user)
{
    struct channel *ch = user;

    (void)ssh;
    (void)sch;
    ch->remote_eof = true;
    notify(ch);
}

static void on_close(ssh_session ssh, ssh_channel sch, void *user)
{
    struct channel *ch = user;

    (void)ssh;
    (void)sch;
    ch->remote_eof = ch->remote_closed = true;
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

static struct channel *channel_new(struct session *s, const struct channel_callbacks *cb, void *user,
                                   struct err *e)
{
    struct channel *ch = mem_alloc(sizeof *ch);

    ch->session = s;
    ch->cb = cb;
    ch->user = user;
    ch->asked_us = time_mono_us();
    ch->ending = (struct exit_status)ENDING_INIT;
    ch->ssh = s->dead ? NULL : ssh_channel_new(s->ssh);
    if (ch->ssh == NULL) {
        err_set(e, ERR_FAILED, "SSH", "cannot make a channel");
        free(ch);
        return NULL;
    }
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
    return ch;
}

static struct channel *begin(struct channel *ch)
{
    if (ch != NULL)
        channel_step(ch, true);
    return ch;
}

struct channel *channel_open_streamlocal(struct session *s, const char *path,
                                         const struct channel_callbacks *cb, void *user, struct err *e)
{
    struct channel *ch = channel_new(s, cb, user, e);

    if (ch != NULL)
        ch->path = mem_strdup(path);
    return begin(ch);
}

struct channel *channel_open_tcp(struct session *s, const char *host, int64_t port,
                                 const struct channel_callbacks *cb, void *user, struct err *e)
{
    struct channel *ch = channel_new(s, cb, user, e);

    if (ch != NULL) {
        ch->host = mem_strdup(host);
        ch->port = port;
    }
    return begin(ch);
}

struct channel *channel_open_exec(struct session *s, const char *command, const struct channel_callbacks *cb,
                                  void *user, struct err *e)
{
    struct channel *ch = channel_new(s, cb, user, e);

    if (ch != NULL)
        ch->command = mem_strdup(command);
    return begin(ch);
}

void channel_set_owner(struct channel *ch, const struct channel_callbacks *cb, void *user)
{
    ch->cb = cb;
    ch->user = user;
}

/* The session has one error text for everything: it is taken at once. */
static void refuse(struct channel *ch)
{
    const char *why = ssh_get_error(ch->session->ssh);
    const char *words = strstr(why, "error (");
    const char *own = words != NULL ? strchr(words, ')') : NULL;

    ch->state = CHANNEL_REFUSED;
    snprintf(ch->reason, sizeof ch->reason, "%s", own != NULL && own[1] == ' ' ? own + 2 : why);
}

/* One step of opening: SSH_OK when it is open. */
static int open_once(struct channel *ch)
{
    int rc;

    if (ch->path != NULL)
        /* The source is for the server's log alone (RFC 4254 7.2). */
        return ssh_channel_open_forward_unix(ch->ssh, ch->path, "127.0.0.1", 0);
    if (ch->host != NULL)
        return ssh_channel_open_forward(ch->ssh, ch->host, (int)ch->port, "127.0.0.1", 0);
    if (!ch->requested) {
        rc = ssh_channel_open_session(ch->ssh);
        if (rc != SSH_OK)
            return rc;
        ch->requested = true;
    }
    return ssh_channel_request_exec(ch->ssh, ch->command);
}

/* A command is asked for in a second question. */
static void opened(struct channel *ch)
{
    int64_t took_us = (time_mono_us() - ch->asked_us) / (ch->command != NULL ? 2 : 1);

    ch->state = CHANNEL_OPEN;
    if (ch->session->round_trip_us < 0 || took_us < ch->session->round_trip_us)
        ch->session->round_trip_us = took_us;
}

enum channel_state channel_step(struct channel *ch, bool probe)
{
    if (ch->state == CHANNEL_OPENING && !ch->session->dead) {
        /* libssh 0.10.6 has no callback for an open's answer: ask again. */
        if (probe || ssh_channel_is_open(ch->ssh)) {
            int rc = open_once(ch);
            if (rc == SSH_OK)
                opened(ch);
            else if (rc == SSH_ERROR && !session_lost(ch->session))
                refuse(ch);
        }
    }
    if (ch->state == CHANNEL_OPEN && ch->remote_closed)
        ch->state = CHANNEL_ENDED;
    return ch->state;
}

const char *channel_reason(const struct channel *ch)
{
    return ch->reason;
}

bool channel_turned_away(const struct channel *ch)
{
    return ch->command != NULL && ch->state == CHANNEL_REFUSED && !ch->requested;
}

bool channel_granted(const struct channel *ch)
{
    return ch->requested || ssh_channel_is_open(ch->ssh);
}

bool channel_is_exec(const struct channel *ch)
{
    return ch->command != NULL;
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
    int n = ssh_channel_write(ch->ssh, buf, (uint32_t)len);
    return n < 0 ? -1 : n;
}

int channel_send_eof(struct channel *ch)
{
    if (ch->session->dead || ch->state != CHANNEL_OPEN || ch->remote_closed)
        return -1;
    /* SSH_AGAIN: the message is queued, not all of it is on the wire yet. */
    return ssh_channel_send_eof(ch->ssh) == SSH_ERROR ? -1 : 0;
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
    int n = ssh_channel_read_timeout(ch->ssh, *buf, (uint32_t)waiting, 0, 0);
    if (n < 0) {
        free(*buf);
        *buf = NULL;
        return -1;
    }
    took(ch, (size_t)n);
    *len = (size_t)n;
    return 0;
}

void channel_widen(struct channel *ch, char **buf, size_t *len)
{
    uint32_t size = channel_window_due(&ch->window);

    *buf = NULL;
    *len = 0;
    if (size == 0 || ch->paused || ch->state != CHANNEL_OPEN || ch->session->dead)
        return;
    void *room = session_window_room(ch->session);
    if (room == NULL)
        return;
    /* libssh 0.10 has no other way: it grants as much as a read asks for
     * (grow_window(), called in line 3017 of its channels.c). */
    int n = ssh_channel_read_timeout(ch->ssh, room, size, 0, 0);
    channel_window_granted(&ch->window);
    if (n <= 0)
        return;
    took(ch, (size_t)n);
    *buf = mem_alloc((size_t)n);
    memcpy(*buf, room, (size_t)n);
    *len = (size_t)n;
}

const struct exit_status *channel_exit_status(const struct channel *ch)
{
    return &ch->ending;
}

static void channel_destroy(struct channel *ch)
{
    /* Up to 0.11 callbacks run after ssh_channel_free(). */
    ssh_remove_channel_callbacks(ch->ssh, &ch->hooks);
    ssh_channel_free(ch->ssh);
    channel_window_clear(&ch->window, &ch->session->window_spent);
    free(ch->path);
    free(ch->host);
    free(ch->command);
    exit_status_clear(&ch->ending);
    free(ch);
}

/* True when nothing more is to be done for a channel that was given up. */
static bool finish(struct channel *ch)
{
    if (ch->session->dead)
        return true;
    switch (channel_step(ch, true)) {
    case CHANNEL_OPENING:
        return false; /* freed now, it would stay at the server */
    case CHANNEL_REFUSED:
        return true;
    case CHANNEL_OPEN:
    case CHANNEL_ENDED:
        break;
    }
    if (ch->command != NULL && ch->state == CHANNEL_OPEN && !exit_status_known(&ch->ending) && !ch->hung_up) {
        ch->hung_up = true;
        (void)ssh_channel_request_send_signal(ch->ssh, "HUP"); /* it asks for no answer */
    }
    /* ssh_channel_free() alone sends no CLOSE while output is pending. */
    return ssh_channel_close(ch->ssh) != SSH_AGAIN;
}

void channel_close(struct channel *ch)
{
    if (ch == NULL)
        return;
    ch->cb = NULL;
    if (finish(ch)) {
        channel_destroy(ch);
        return;
    }
    ch->next = ch->session->closing;
    ch->session->closing = ch;
}

void channel_finish_closing(struct session *s)
{
    struct channel **link = &s->closing;

    while (*link != NULL) {
        struct channel *ch = *link;
        if (finish(ch)) {
            *link = ch->next;
            channel_destroy(ch);
        } else {
            link = &ch->next;
        }
    }
}

void channel_abandon_all(struct session *s)
{
    while (s->closing != NULL) {
        struct channel *ch = s->closing;
        s->closing = ch->next;
        channel_destroy(ch);
    }
}
