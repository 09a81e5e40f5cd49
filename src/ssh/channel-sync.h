/* channel-sync: runs one command or one request over a channel, synchronously, for
 * callers that may block. No other thread may use the session meanwhile. */
#ifndef DOCKTETHER_SSH_CHANNEL_SYNC_H
#define DOCKTETHER_SSH_CHANNEL_SYNC_H

#include "base/err.h"
#include "ssh/session.h"
#include "ssh/wait.h"

#include <stdbool.h>
#include <stddef.h>

#define TALK_MAX (64 * 1024) /* bytes of a reply that are kept: the first, or see keep_end */

struct channel_sync_request {
    const char *command; /* to run, or: */
    const char *socket;  /* to reach by streamlocal forwarding */
    /* What to say. NULL: nothing; a command's input then ends, and of a socket
     * it is enough that it can be reached. */
    const char *say;
    /* True when what has come (terminated) is all that is wanted; the other side
     * is then given a moment to end by itself. NULL: listen to the end. */
    bool (*enough)(const char *reply);
};

enum channel_sync_end {
    TALK_ENDED,     /* or enough() */
    TALK_REFUSED,   /* no such channel: words say why */
    TALK_TIMED_OUT, /* in whatever state; what had come by then is there */
};

struct channel_sync {
    enum channel_sync_end end;
    char *reply; /* terminated, allocated; NULL before */
    size_t len;
    bool keep_end;   /* of a longer reply: that of a command that is only listened to */
    char words[400]; /* the server's refusal, or how the command ended and what it said, or "" */
};

/* 0, with *t to be cleared; -1 when the session is lost, or the waiting was
 * cancelled (*t is then empty). */
int channel_sync_run(struct session *s, const struct channel_sync_request *rq, const struct wait *w,
                     struct channel_sync *t, struct err *e);
void channel_sync_clear(struct channel_sync *t);

#endif
