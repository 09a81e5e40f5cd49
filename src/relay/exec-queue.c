#include "relay/exec-queue.h"

#include "base/time.h"

#include <inttypes.h>
#include <stddef.h>

void exec_queue_init(struct exec_queue *q, const struct relay_list *relays, const struct relay_owner *owner,
                     int64_t hold_ms, struct log *log)
{
    *q = (struct exec_queue){
        .relays = relays, .owner = owner, .log = log, .patience_ms = MAX_SESSIONS_PATIENCE_MS
    };
    if (hold_ms > q->patience_ms)
        q->patience_ms = hold_ms;
}

void exec_queue_begin(struct exec_queue *q)
{
    max_sessions_begin(&q->max_sessions, time_mono_ms());
    q->waiting = q->counted = false;
}

void exec_queue_again(struct exec_queue *q)
{
    q->waiting = q->counted = false;
}

/* Relays that have a channel stand before those that are queued, nearly always. */
static void count(struct exec_queue *q)
{
    size_t left = q->owner->opening + q->owner->open;

    if (q->counted)
        return;
    q->counted = true;
    q->granted = q->asked = 0;
    for (const struct relay *r = q->relays->first; r != NULL && left > 0; r = relay_next(r)) {
        if (relay_held(r) || relay_done(r))
            continue;
        left--;
        bool granted = relay_tag(r) == NULL && relay_granted(r);
        q->granted += granted;
        q->asked += relay_tag(r) == NULL && relay_opening(r) && !granted;
    }
}

static size_t count_granted(struct exec_queue *q)
{
    q->counted = false;
    count(q);
    return q->granted;
}

/* How long r may still wait: nobody is sent away while turns come. */
static int64_t patience_left(const struct exec_queue *q, const struct relay *r)
{
    int64_t now = time_mono_ms();
    int64_t since = relay_queued_ms(r) != 0 ? relay_queued_ms(r) : now;

    if (since < q->max_sessions.moved_ms)
        since = q->max_sessions.moved_ms;
    return since + q->patience_ms > now ? since + q->patience_ms - now : 0;
}

static void enqueue(struct exec_queue *q, struct relay *r)
{
    q->waiting = true;
    relay_queue(r, patience_left(q, r));
}

bool exec_queue_turn(struct exec_queue *q, struct relay *r)
{
    if (!q->waiting) {
        count(q);
        if (max_sessions_may_open(&q->max_sessions, q->granted, q->asked, time_mono_ms())) {
            q->asked++;
            return true;
        }
    }
    q->waiting = true;
    if (!relay_queued(r))
        enqueue(q, r);
    return false;
}

void exec_queue_started(struct exec_queue *q)
{
    max_sessions_started(&q->max_sessions, count_granted(q), time_mono_ms());
}

void exec_queue_ended(struct exec_queue *q)
{
    q->counted = false;
    max_sessions_ended(&q->max_sessions, time_mono_ms());
}

bool exec_queue_refused(struct exec_queue *q, struct relay *r)
{
    size_t known = q->max_sessions.limit;

    if (!relay_session_refused(r) ||
        !max_sessions_refused(&q->max_sessions, count_granted(q), time_mono_ms()))
        return false;
    if (known == 0)
        log_info(q->log,
                 "the server runs no more than %zu commands at once (sshd: MaxSessions); further "
                 "connections wait for their turn",
                 q->max_sessions.limit);
    enqueue(q, r);
    return true;
}

bool exec_queue_missed(struct exec_queue *q, struct relay *r, const char *host, struct err *e)
{
    if (patience_left(q, r) > 0) {
        enqueue(q, r);
        return false;
    }
    err_set(e, ERR_SOCKET, "Docker socket",
            "%s runs no more than %zu commands at once, and for %" PRId64 " s none of them has made room",
            host, q->max_sessions.limit, (time_mono_ms() - q->max_sessions.moved_ms) / 1000);
    err_hint(e,
             "end a long one (docker logs -f and the like), or raise MaxSessions in the sshd_config there");
    return true;
}

int64_t exec_queue_due_ms(struct exec_queue *q)
{
    if (!q->waiting)
        return -1;
    q->counted = false;
    count(q);
    /* An answer comes as an event. */
    if (q->asked > 0)
        return -1;
    return max_sessions_due_ms(&q->max_sessions, q->granted, time_mono_ms());
}
