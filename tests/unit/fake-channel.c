#include "fake-channel.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WINDOW (2 * 1024 * 1024)

/* ---- the session ------------------------------------------------------------- */

struct session *fake_session_new(void)
{
    struct session *s = mem_alloc(sizeof *s);

    s->window = WINDOW;
    s->round_trip_us = 100;
    return s;
}

void fake_session_free(struct session *s)
{
    for (size_t i = 0; i < s->count; i++) {
        struct channel *ch = s->channels[i];
        free(ch->target);
        free(ch->waiting);
        free(ch->written);
        exit_status_clear(&ch->ending);
        free(ch);
    }
    free(s->channels);
    free(s);
}

int session_pump(struct session *s, struct err *e)
{
    return s->lost ? err_set(e, ERR_UNREACHABLE, "SSH", "the connection was lost") : 0;
}

bool session_lost(const struct session *s)
{
    return s->lost;
}

bool session_congested(const struct session *s)
{
    return s->congested;
}

uint64_t session_packets_in(const struct session *s)
{
    return s->packets;
}

int64_t session_round_trip_us(const struct session *s)
{
    return s->round_trip_us;
}

/* ---- the server --------------------------------------------------------------- */

struct channel *fake_channel(struct session *s, size_t i)
{
    assert_true(i < s->count);
    return s->channels[i];
}

struct channel *fake_channel_of(struct session *s, const char *text)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->channels[i]->written != NULL && strcmp(s->channels[i]->written, text) == 0)
            return s->channels[i];
    return NULL;
}

size_t fake_open_count(const struct session *s)
{
    size_t n = 0;

    for (size_t i = 0; i < s->count; i++)
        n += !s->channels[i]->given_up;
    return n;
}

static void answered(struct channel *ch, enum fake_answer answer)
{
    ch->answer = answer;
    ch->session->packets++;
}

void fake_grant(struct channel *ch)
{
    answered(ch, FAKE_GRANT);
}

void fake_refuse(struct channel *ch, const char *words)
{
    ch->reason = words;
    answered(ch, FAKE_REFUSE);
}

void fake_send(struct channel *ch, const char *text)
{
    size_t len = strlen(text), taken = 0;

    ch->session->packets++;
    if (ch->given_up)
        return;
    if (!ch->paused)
        taken = ch->cb->data(ch->user, text, len);
    assert_true(taken <= len);
    if (taken == len)
        return;
    ch->paused = true;
    ch->waiting = mem_resize(ch->waiting, ch->waiting_len + len - taken, 1);
    memcpy(ch->waiting + ch->waiting_len, text + taken, len - taken);
    ch->waiting_len += len - taken;
    ch->cb->event(ch->user);
}

void fake_end(struct channel *ch)
{
    ch->session->packets++;
    ch->remote_eof = ch->remote_closed = true;
    if (!ch->given_up)
        ch->cb->event(ch->user);
}

void fake_cut(struct channel *ch)
{
    ch->session->packets++;
    ch->remote_closed = true;
    if (!ch->given_up)
        ch->cb->event(ch->user);
}

/* ---- the channel -------------------------------------------------------------- */

static struct channel *open_one(struct session *s, enum fake_kind kind, const char *target,
                                const struct channel_callbacks *cb, void *user)
{
    struct channel *ch = mem_alloc(sizeof *ch);

    ch->session = s;
    ch->kind = kind;
    ch->target = mem_strdup(target);
    ch->cb = cb;
    ch->user = user;
    ch->reason = "";
    ch->window = s->window;
    ch->answer = s->answers;
    ch->ending = (struct exit_status)ENDING_INIT;
    s->channels = mem_resize(s->channels, s->count + 1, sizeof *s->channels);
    s->channels[s->count++] = ch;
    return ch;
}

struct channel *channel_open_streamlocal(struct session *s, const char *path,
                                         const struct channel_callbacks *cb, void *user, struct err *e)
{
    (void)e;
    return open_one(s, FAKE_STREAMLOCAL, path, cb, user);
}

struct channel *channel_open_tcp(struct session *s, const char *host, int64_t port,
                                 const struct channel_callbacks *cb, void *user, struct err *e)
{
    (void)port;
    (void)e;
    return open_one(s, FAKE_TCP, host, cb, user);
}

struct channel *channel_open_exec(struct session *s, const char *command, const struct channel_callbacks *cb,
                                  void *user, struct err *e)
{
    size_t running = 0;

    (void)e;
    for (size_t i = 0; i < s->count; i++)
        running += s->channels[i]->kind == FAKE_EXEC && !s->channels[i]->given_up &&
                   !s->channels[i]->remote_closed && s->channels[i]->answer != FAKE_REFUSE;
    struct channel *ch = open_one(s, FAKE_EXEC, command, cb, user);
    if (s->max_commands == 0 || running < s->max_commands)
        return ch;
    ch->answer = FAKE_REFUSE;
    ch->session_refused = true;
    return ch;
}

void channel_set_owner(struct channel *ch, const struct channel_callbacks *cb, void *user)
{
    ch->cb = cb;
    ch->user = user;
}

enum channel_state channel_step(struct channel *ch, bool probe)
{
    struct channel *early = ch->session->early;

    ch->session->steps++;
    if (early != NULL && early != ch) {
        ch->session->early = NULL;
        fake_send(early, ch->session->early_text);
    }
    ch->session->probes += probe;
    assert_false(ch->given_up);
    if (ch->state == CHANNEL_OPENING && !ch->session->lost && ch->answer == FAKE_GRANT)
        ch->state = CHANNEL_OPEN;
    if (ch->state == CHANNEL_OPENING && !ch->session->lost && ch->answer == FAKE_REFUSE && probe)
        ch->state = CHANNEL_REFUSED;
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
    return ch->state == CHANNEL_REFUSED && ch->session_refused;
}

bool channel_granted(const struct channel *ch)
{
    return ch->state != CHANNEL_REFUSED && ch->answer == FAKE_GRANT;
}

bool channel_is_exec(const struct channel *ch)
{
    return ch->kind == FAKE_EXEC;
}

size_t channel_window(const struct channel *ch)
{
    return ch->session->lost || ch->state != CHANNEL_OPEN ? 0 : ch->window;
}

bool channel_wrote(const struct channel *ch)
{
    return ch->written_len > 0 || ch->half_written;
}

ssize_t channel_write(struct channel *ch, const void *buf, size_t len)
{
    if (ch->write_fails || ch->session->lost || ch->state != CHANNEL_OPEN || ch->remote_closed)
        return -1;
    if (len > ch->window)
        len = ch->window;
    ch->window -= len;
    ch->written = mem_resize(ch->written, ch->written_len + len + 1, 1);
    memcpy(ch->written + ch->written_len, buf, len);
    ch->written_len += len;
    ch->written[ch->written_len] = '\0';
    return (ssize_t)len;
}

int channel_send_eof(struct channel *ch)
{
    ch->eof_sent = true;
    return 0;
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
    *buf = ch->waiting;
    *len = ch->waiting_len;
    ch->waiting = NULL;
    ch->waiting_len = 0;
    ch->paused = *buf != NULL;
    return 0;
}

void channel_widen(struct channel *ch, char **buf, size_t *len)
{
    (void)ch;
    *buf = NULL;
    *len = 0;
}

const struct exit_status *channel_exit_status(const struct channel *ch)
{
    return &ch->ending;
}

void channel_close(struct channel *ch)
{
    if (ch == NULL)
        return;
    assert_false(ch->given_up);
    ch->given_up = true;
    ch->cb = NULL;
}
