#include "ssh/channel-internal.h"

#include "base/mem.h"
#include "base/time.h"
#include "ssh/interposed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct channel *channel_new(struct session *s, const struct channel_callbacks *cb, void *user,
                                   struct err *e)
{
    struct channel *ch = mem_alloc(sizeof *ch);

    ch->session = s;
    ch->cb = cb;
    ch->user = user;
    ch->asked_us = time_mono_us();
    ch->ending = (struct exit_status)ENDING_INIT;
    ch->window.base = s->widens ? WINDOW_BASE : WINDOW_GRANT_LIBSSH;
    ch->grant = (struct window_grant)WINDOW_GRANT_INIT;
    ch->ssh = s->dead ? NULL : ssh_channel_new(s->ssh);
    if (ch->ssh == NULL) {
        err_set(e, ERR_FAILED, "SSH", "cannot make a channel");
        free(ch);
        return NULL;
    }
    channel_hook(ch);
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

/* "Channel opening failure: channel 43 error (2) open failed" of libssh's. */
#define REFUSAL "Channel opening failure: channel "
#define FIRST_CHANNEL 42 /* libssh numbers channels from the one after it */

/* The session has one error text for everything. Of several refusals that arrive
 * together it has the last one's: that of another channel says nothing here. */
static void refuse(struct channel *ch)
{
    const char *why = ssh_get_error(ch->session->ssh);
    const char *words = strstr(why, "error (");
    const char *own = words != NULL ? strchr(words, ')') : NULL;

    ch->state = CHANNEL_REFUSED;
    if (strncmp(why, REFUSAL, strlen(REFUSAL)) == 0 &&
        strtoul(why + strlen(REFUSAL), NULL, 10) != (unsigned long)FIRST_CHANNEL + ch->number)
        why = own = "the server refused to open a channel";
    else if (own != NULL && own[1] == ' ')
        own += 2;
    else
        own = why;
    snprintf(ch->reason, sizeof ch->reason, "%s", own);
}

/* A channel that libssh does not even ask for gets no number. */
static int begin_open(struct channel *ch, int (*open)(struct channel *ch))
{
    ch->number = ++ch->session->opens;
    int rc = open(ch);
    if (rc == SSH_ERROR && strncmp(ssh_get_error(ch->session->ssh), REFUSAL, strlen(REFUSAL)) != 0)
        ch->session->opens--;
    return rc;
}

/* One step of opening: SSH_OK when it is open. */
static int open_once(struct channel *ch)
{
    int rc;

    if (ch->path != NULL) {
        /* The source is for the server's log alone (RFC 4254 7.2). */
        rc = ssh_channel_open_forward_unix(ch->ssh, ch->path, "127.0.0.1", 0);
        interposed_check(INTERPOSED_VERSION, &ch->session->missing);
        return rc;
    }
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
            session_enter(ch->session);
            int rc = ch->number == 0 ? begin_open(ch, open_once) : open_once(ch);
            session_leave(ch->session);
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
