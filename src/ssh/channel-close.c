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
    free(ch);
}

/* True when nothing more is to be done for a channel that was given up. */
static bool finish(struct closing *c)
{
    struct channel *ch = channel_of(c);

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
    ch->closing = (struct closing){ .finish = finish, .destroy = destroy };
    if (finish(&ch->closing))
        destroy(&ch->closing);
    else
        session_add_closing(ch->session, &ch->closing);
}
