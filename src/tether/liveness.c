#include "tether/liveness.h"

#include <string.h>

/* How often the progress of an undelivered question is looked at: a part of the shortest
 * time that matters. */
#define LOOKS 8
#define LOOK_MIN_MS 50
#define LOOK_MAX_MS 1000

void liveness_init(struct liveness *l, int64_t limit_ms, int64_t count, int64_t now)
{
    memset(l, 0, sizeof *l);
    l->limit_ms = limit_ms;
    /* The last question has to be asked so early that its answer can come. */
    l->every_ms = limit_ms / (count + 1);
    l->heard_ms = l->since_ms = now;
}

void liveness_heard(struct liveness *l, int64_t now)
{
    l->heard_ms = l->since_ms = now;
    l->outstanding = false;
    l->patience_ms = 0;
}

void liveness_asked(struct liveness *l, int64_t now, const struct transit *t)
{
    l->asked_ms = now;
    if (l->outstanding)
        return; /* the first one decides */
    l->outstanding = true;
    l->written = l->delivered = false;
    l->seen = *t;
    l->looked_ms = now;
    liveness_look(l, now, t);
}

bool liveness_looks(const struct liveness *l)
{
    return l->outstanding && !l->delivered;
}

static bool progresses(const struct liveness *l, int64_t now, const struct transit *t)
{
    if (!t->counted)
        return t->queued != l->seen.queued;
    return t->acked != l->seen.acked || (t->in_flight && t->word_age_ms < now - l->looked_ms);
}

void liveness_look(struct liveness *l, int64_t now, const struct transit *t)
{
    if (!liveness_looks(l))
        return;
    bool progress = progresses(l, now, t);
    l->seen = *t;
    l->looked_ms = now;
    if (!l->written && !t->waits) {
        l->written = true;
        l->mark = t->acked + t->queued;
    }
    l->delivered = l->written && (t->counted ? t->acked >= l->mark : t->queued == 0);
    /* A question that has just been delivered was on its way for a moment at most, or the
     * last look has counted. */
    if (progress && !l->delivered)
        l->since_ms = l->doubt_since_ms = now;
}

bool liveness_doubt(struct liveness *l, int64_t now, int64_t patience_ms)
{
    if (l->patience_ms != 0)
        return false;
    l->patience_ms = patience_ms;
    l->doubt_since_ms = now;
    if (l->limit_ms > 0 && now - l->since_ms + patience_ms > l->limit_ms)
        l->since_ms = now + patience_ms - l->limit_ms;
    return true;
}

void liveness_forget_doubt(struct liveness *l)
{
    l->patience_ms = 0;
}

enum liveness_verdict liveness_verdict(const struct liveness *l, int64_t now)
{
    if (l->patience_ms > 0 && now - l->doubt_since_ms >= l->patience_ms)
        return LIVENESS_DEAD;
    if (l->limit_ms == 0)
        return LIVENESS_WAIT;
    if (now - l->since_ms >= l->limit_ms)
        return LIVENESS_DEAD;
    return now - l->heard_ms >= l->every_ms && now - l->asked_ms >= l->every_ms ? LIVENESS_ASK
                                                                                : LIVENESS_WAIT;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t liveness_due(const struct liveness *l, int64_t now)
{
    int64_t due = INT64_MAX, shortest = INT64_MAX;

    if (l->limit_ms > 0) {
        due = (l->asked_ms > l->heard_ms ? l->asked_ms : l->heard_ms) + l->every_ms;
        due = earlier(due, l->since_ms + l->limit_ms);
        shortest = l->limit_ms;
    }
    if (l->patience_ms > 0) {
        due = earlier(due, l->doubt_since_ms + l->patience_ms);
        shortest = earlier(shortest, l->patience_ms);
    }
    if (liveness_looks(l) && shortest < INT64_MAX) {
        int64_t look = earlier(shortest / LOOKS, LOOK_MAX_MS);
        due = earlier(due, now + (look > LOOK_MIN_MS ? look : LOOK_MIN_MS));
    }
    return due;
}
