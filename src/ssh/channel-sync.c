#include "ssh/channel-sync.h"

#include "base/mem.h"
#include "ssh/channel.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SOON_MS 10
#define END_MS 500 /* for a command that has said enough to end by itself */

/* Drops the beginning of the reply for more than fits: what a start file of the remote
 * shell prints comes before the answer. */
static size_t make_room(struct channel_sync *t, size_t len)
{
    size_t dropped = t->len < TALK_MAX / 2 ? t->len : TALK_MAX / 2;

    if (!t->keep_end || len <= TALK_MAX - t->len)
        return TALK_MAX - t->len;
    memmove(t->reply, t->reply + dropped, t->len - dropped);
    t->len -= dropped;
    return TALK_MAX - t->len;
}

/* What does not fit is taken all the same: a channel that is not read holds the
 * others up. A packet is never longer than half of what fits. */
static size_t on_data(void *user, const void *buf, size_t len)
{
    struct channel_sync *t = user;
    size_t room = make_room(t, len), kept = len < room ? len : room;

    memcpy(t->reply + t->len, buf, kept);
    t->len += kept;
    t->reply[t->len] = '\0';
    return len;
}

static void on_event(void *user)
{
    (void)user;
}

static const struct channel_callbacks callbacks = { .data = on_data, .event = on_event };

/* The whole of it, in as many writes as it takes; *said counts. True when done. */
static bool speak(struct channel *ch, const struct channel_sync_request *rq, size_t *said)
{
    size_t len = rq->say != NULL ? strlen(rq->say) : 0;

    while (*said < len) {
        ssize_t n = channel_write(ch, rq->say + *said, len - *said);
        if (n <= 0)
            return false;
        *said += (size_t)n;
    }
    if (rq->say == NULL && rq->command != NULL)
        (void)channel_send_eof(ch);
    return true;
}

/* Any call of libssh's may have received what is waited for: it is asked again
 * soon, whatever the descriptor says. */
static int wait_for_news(struct session *s, const struct wait *w, struct channel_sync *t, struct err *e)
{
    struct wait soon = *w;

    if (deadline_left(w->deadline) > SOON_MS)
        soon.deadline = deadline_in(SOON_MS);
    switch (wait_fd(&soon, session_fd(s), (short)(POLLIN | (session_congested(s) ? POLLOUT : 0)))) {
    case WAIT_READY:
        return 0;
    case WAIT_TIMEOUT:
        if (deadline_left(w->deadline) > 0)
            return 0;
        t->end = TALK_TIMED_OUT;
        return 1;
    case WAIT_CANCELLED:
        break;
    }
    return err_set(e, ERR_FAILED, "", "interrupted");
}

/* 1 when the talk is over, 0 when it goes on. */
static int step(struct channel *ch, const struct channel_sync_request *rq, bool *spoken, size_t *said,
                struct channel_sync *t)
{
    switch (channel_step(ch, true)) {
    case CHANNEL_OPENING:
        return 0;
    case CHANNEL_REFUSED:
        t->end = TALK_REFUSED;
        snprintf(t->words, sizeof t->words, "%s", channel_reason(ch));
        return 1;
    case CHANNEL_ENDED:
        return 1;
    case CHANNEL_OPEN:
        break;
    }
    if (!*spoken)
        *spoken = speak(ch, rq, said);
    if (rq->socket != NULL && rq->say == NULL)
        return 1;
    return rq->socket != NULL && channel_at_eof(ch);
}

static int converse(struct session *s, struct channel *ch, const struct channel_sync_request *rq,
                    const struct wait *w, struct channel_sync *t, struct err *e)
{
    struct wait wait = *w;
    bool spoken = false, satisfied = false;
    size_t said = 0;

    for (;;) {
        if (step(ch, rq, &spoken, &said, t))
            return 0;
        if (!satisfied && rq->enough != NULL && t->len > 0 && rq->enough(t->reply)) {
            satisfied = true;
            if (deadline_left(wait.deadline) > END_MS)
                wait.deadline = deadline_in(END_MS);
        }
        int rc = wait_for_news(s, &wait, t, e);
        if (rc > 0 && satisfied)
            t->end = TALK_ENDED;
        if (rc != 0)
            return rc < 0 ? -1 : 0;
        if (session_pump(s, e) != 0)
            return -1;
    }
}

int channel_sync_run(struct session *s, const struct channel_sync_request *rq, const struct wait *w,
                     struct channel_sync *t, struct err *e)
{
    *t = (struct channel_sync){ .end = TALK_ENDED,
                                .reply = mem_alloc(TALK_MAX + 1),
                                .keep_end = rq->command != NULL && rq->say == NULL };
    struct channel *ch = rq->command != NULL ? channel_open_exec(s, rq->command, &callbacks, t, e)
                                             : channel_open_streamlocal(s, rq->socket, &callbacks, t, e);
    int rc = ch != NULL ? converse(s, ch, rq, w, t, e) : -1;

    if (rc == 0 && t->end != TALK_REFUSED && rq->command != NULL)
        exit_status_describe(channel_exit_status(ch), t->words, sizeof t->words);
    channel_close(ch);
    if (rc != 0)
        channel_sync_clear(t);
    return rc;
}

void channel_sync_clear(struct channel_sync *t)
{
    free(t->reply);
    *t = (struct channel_sync){ 0 };
}
