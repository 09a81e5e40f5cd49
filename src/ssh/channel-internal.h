/* channel-internal: a channel as its own files see it: channel.c moves its data,
 * channel-open.c opens it, channel-close.c ends it. */
#ifndef DOCKTETHER_SSH_CHANNEL_INTERNAL_H
#define DOCKTETHER_SSH_CHANNEL_INTERNAL_H

#include "ssh/channel-window.h"
#include "ssh/channel.h"
#include "ssh/session-internal.h"
#include "ssh/window-grant.h"

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
    bool wrote; /* see channel_wrote() */
    bool remote_eof;
    bool remote_closed;
    bool close_sent;  /* by us */
    size_t late;      /* bytes that libssh holds since it was given up */
    unsigned number;  /* among the session's opens, from 1; 0: not begun */
    int64_t asked_us; /* when it was begun to open */
    struct channel_window window;
    struct window_grant grant; /* libssh 0.11 and newer */
    struct exit_status ending;
    bool hung_up;
    char reason[200];
    struct closing closing; /* once given up */
};

/* Sets the callbacks of ch->ssh. */
void channel_hook(struct channel *ch);

#endif
