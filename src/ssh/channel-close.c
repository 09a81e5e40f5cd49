#include "ssh/channel-internal.h"

#include <stddef.h>
#include <stdlib.h>

static struct channel *channel_of(struct closing *c)
{
    return (struct channel *)(void *)((char *)c - offsetof(struct channel, closing));
}

static void destroy(struct closing *c)
{
    struct channel *ch = channel_of(c);

    /* Up to 0.11 callbacks run after ssh_channel_free(). */
    ssh_remove_channel_callbacks(ch->ssh, &ch->hooks);
    ssh_channel_free(ch->ssh);
    channel_window_clear(&ch->window, &ch->session->window_spent);
    free(ch->path);
    free(ch->host);
    free(ch->command);
    exit_status_clear(&ch->ending);
    ch->session->late -= ch->late;
    session_give_back(ch->session);
    free(ch);
}

static enum closing_state finish(struct closing *c, bool probe)
{
    struct channel *ch = channel_of(c);

    if (ch->session->dead)
        return CLOSING_DONE;
    /* Until the server has closed it too, data may come: see discard(). */
    if (ch->close_sent)
        return ch->remote_closed ? CLOSING_DONE : CLOSING_QUIET;
    switch (channel_step(ch, probe)) {
    case CHANNEL_OPENING:
        return CLOSING_OPENING; /* freed now, it would stay at the server */
    case CHANNEL_REFUSED:
        return CLOSING_DONE;
    case CHANNEL_OPEN:
    case CHANNEL_ENDED:
        break;
    }
    session_enter(ch->session);
    if (ch->command != NULL && ch->state == CHANNEL_OPEN && !exit_status_known(&ch->ending) && !ch->hung_up) {
        ch->hung_up = true;
        (void)ssh_channel_request_send_signal(ch->ssh, "HUP"); /* it asks for no answer */
    }
    /* ssh_channel_free() alone sends no CLOSE while output is pending. */
    int rc = ssh_channel_close(ch->ssh);
    session_leave(ch->session);
    ch->close_sent = rc == SSH_OK;
    if (rc == SSH_AGAIN)
        return CLOSING_BUSY;
    return rc == SSH_OK && !ch->remote_closed ? CLOSING_QUIET : CLOSING_DONE;
}

void channel_close(struct channel *ch)
{
    if (ch == NULL)
        return;
    ch->cb = NULL;
    ch->closing = (struct closing){ .step = finish, .destroy = destroy };
    closings_add(&ch->session->closing, &ch->closing);
}
