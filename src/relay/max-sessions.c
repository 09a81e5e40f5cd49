#include "relay/max-sessions.h"

/* sshd frees places after a batch of packets, and refuses opens in that batch. */
#define FREEING_MS 10

#define PAUSE_MIN_MS 50
#define PAUSE_MAX_MS 1000

void max_sessions_begin(struct max_sessions *t, int64_t now_ms)
{
    *t = (struct max_sessions){ .moved_ms = now_ms, .freed_ms = now_ms };
}

bool max_sessions_may_open(const struct max_sessions *t, size_t running, size_t opening, int64_t now_ms)
{
    if (opening >= TURN_OPENING_MAX || now_ms < t->not_before_ms)
        return false;
    if (t->limit == 0 || running + opening < t->limit)
        return true;
    return opening == 0 && now_ms >= t->stretch_ms;
}

void max_sessions_started(struct max_sessions *t, size_t running, int64_t now_ms)
{
    t->moved_ms = now_ms;
    t->pause_ms = 0;
    if (t->limit == 0 || running <= t->limit)
        return;
    t->limit = running;
    t->stretch_ms = now_ms;
}

bool max_sessions_refused(struct max_sessions *t, size_t running, int64_t now_ms)
{
    if (running == 0 && now_ms - t->freed_ms > TURN_SETTLE_MS)
        return false;
    if (t->limit == 0)
        t->limit = running > 0 ? running : 1;
    if (running >= t->limit) {
        t->stretch_ms = now_ms + TURN_STRETCH_MS;
        return true;
    }
    /* Places are being freed. */
    t->pause_ms = t->pause_ms == 0 ? PAUSE_MIN_MS : 2 * t->pause_ms;
    if (t->pause_ms > PAUSE_MAX_MS)
        t->pause_ms = PAUSE_MAX_MS;
    t->not_before_ms = now_ms + t->pause_ms;
    return true;
}

void max_sessions_ended(struct max_sessions *t, int64_t now_ms)
{
    t->freed_ms = now_ms;
    if (t->limit > 0 && t->not_before_ms < now_ms + FREEING_MS)
        t->not_before_ms = now_ms + FREEING_MS;
}

int64_t max_sessions_due_ms(const struct max_sessions *t, size_t running, int64_t now_ms)
{
    int64_t at = t->not_before_ms;

    if (t->limit > 0 && running >= t->limit && t->stretch_ms > at)
        at = t->stretch_ms;
    return at > now_ms ? at - now_ms : 0;
}
