#include "relay/max-sessions.h"

/* sshd frees places after a batch of packets, and refuses opens in that batch. */
#define FREEING_MS 10

#define PAUSE_MIN_MS 50
#define PAUSE_MAX_MS 1000

void max_sessions_begin(struct max_sessions *m, int64_t now_ms)
{
    *m = (struct max_sessions){ .moved_ms = now_ms, .freed_ms = now_ms };
}

bool max_sessions_may_open(const struct max_sessions *m, size_t running, size_t opening, int64_t now_ms)
{
    if (opening >= MAX_SESSIONS_OPENING || now_ms < m->not_before_ms)
        return false;
    if (m->limit == 0 || running + opening < m->limit)
        return true;
    return opening == 0 && now_ms >= m->stretch_ms;
}

void max_sessions_started(struct max_sessions *m, size_t running, int64_t now_ms)
{
    m->moved_ms = now_ms;
    m->pause_ms = 0;
    if (m->limit == 0 || running <= m->limit)
        return;
    m->limit = running;
    m->stretch_ms = now_ms;
}

bool max_sessions_refused(struct max_sessions *m, size_t running, int64_t now_ms)
{
    if (running == 0 && now_ms - m->freed_ms > MAX_SESSIONS_SETTLE_MS)
        return false;
    if (m->limit == 0)
        m->limit = running > 0 ? running : 1;
    if (running >= m->limit) {
        m->stretch_ms = now_ms + MAX_SESSIONS_STRETCH_MS;
        return true;
    }
    /* Places are being freed. */
    m->pause_ms = m->pause_ms == 0 ? PAUSE_MIN_MS : 2 * m->pause_ms;
    if (m->pause_ms > PAUSE_MAX_MS)
        m->pause_ms = PAUSE_MAX_MS;
    m->not_before_ms = now_ms + m->pause_ms;
    return true;
}

void max_sessions_ended(struct max_sessions *m, int64_t now_ms)
{
    m->freed_ms = now_ms;
    if (m->limit > 0 && m->not_before_ms < now_ms + FREEING_MS)
        m->not_before_ms = now_ms + FREEING_MS;
}

int64_t max_sessions_due_ms(const struct max_sessions *m, size_t running, int64_t now_ms)
{
    int64_t at = m->not_before_ms;

    if (m->limit > 0 && running >= m->limit && m->stretch_ms > at)
        at = m->stretch_ms;
    return at > now_ms ? at - now_ms : 0;
}
