#include "relay/spare.h"

#include "base/mem.h"
#include "base/time.h"
#include "relay/spare-policy.h"

#include <stdlib.h>

#define RETRY_MS 10000        /* after a refusal: the daemon may be restarting */
#define RENEW_MS (210 * 1000) /* a successor is opened, so that no moment is without */
#define PAUSE_MS 200          /* sshd's Nagle would hold an answer back behind the news of a new channel */

struct item {
    struct channel *ch;
    int64_t born_ms; /* on the clock that goes on while this machine sleeps, as the server's does */
    bool dead;       /* data or an end came unasked */
    struct spare *owner;
};

struct spare {
    struct session *session;
    char *path;
    struct item *items[SPARE_MAX * 2]; /* in the order of their birth; successors overlap */
    size_t count;
    struct spare_policy policy;
    int64_t not_before_ms;
    int64_t taken_ms; /* when one was taken last */
    void (*dirty)(void *user);
    void *user;
};

/* A fresh connection to a Docker Engine says nothing first. */
static size_t on_data(void *user, const void *buf, size_t len)
{
    struct item *it = user;

    (void)buf;
    it->dead = true;
    it->owner->dirty(it->owner->user);
    return len;
}

static void on_event(void *user)
{
    struct item *it = user;

    it->owner->dirty(it->owner->user);
}

static const struct channel_callbacks callbacks = { .data = on_data, .event = on_event };

/* For a channel that was taken and has no new owner yet: its data waits in libssh. */
static size_t leave_data(void *user, const void *buf, size_t len)
{
    (void)user;
    (void)buf;
    (void)len;
    return 0;
}

static void ignore_event(void *user)
{
    (void)user;
}

static const struct channel_callbacks no_owner = { .data = leave_data, .event = ignore_event };

static int64_t age_ms(const struct item *it)
{
    return time_boot_ms() - it->born_ms;
}

static bool is_ready(const struct item *it)
{
    return !it->dead && channel_step(it->ch, false) == CHANNEL_OPEN && !channel_at_eof(it->ch) &&
           age_ms(it) < SPARE_MAX_AGE_MS;
}

static size_t count_ready(const struct spare *sp)
{
    size_t n = 0;

    for (size_t i = 0; i < sp->count; i++)
        n += is_ready(sp->items[i]);
    return n;
}

/* Those that need no successor yet. */
static size_t count_young(const struct spare *sp)
{
    size_t n = 0;

    for (size_t i = 0; i < sp->count; i++)
        n += age_ms(sp->items[i]) < RENEW_MS;
    return n;
}

static struct channel *detach(struct spare *sp, size_t i)
{
    struct channel *ch = sp->items[i]->ch;

    channel_set_owner(ch, &no_owner, NULL);
    free(sp->items[i]);
    for (size_t k = i + 1; k < sp->count; k++)
        sp->items[k - 1] = sp->items[k];
    sp->count--;
    return ch;
}

static void keep(struct spare *sp, struct item *it)
{
    it->owner = sp;
    it->born_ms = time_boot_ms();
    sp->items[sp->count++] = it;
}

static void add(struct spare *sp)
{
    struct item *it = mem_alloc(sizeof *it);

    it->owner = sp; /* packets are read while it is being opened */
    it->ch = channel_open_streamlocal(sp->session, sp->path, &callbacks, it, NULL);
    if (it->ch != NULL) {
        keep(sp, it);
        return;
    }
    free(it);
    sp->not_before_ms = time_boot_ms() + RETRY_MS;
}

struct spare *spare_new(struct session *s, const char *path, int64_t count, struct channel *first,
                        void (*dirty)(void *user), void *user)
{
    struct spare *sp = mem_alloc(sizeof *sp);

    sp->session = s;
    sp->path = mem_strdup(path);
    sp->policy = spare_policy_of(count < SPARE_MAX ? (size_t)count : SPARE_MAX, SPARE_MAX);
    sp->dirty = dirty;
    sp->user = user;
    if (first != NULL) {
        struct item *it = mem_alloc(sizeof *it);
        it->ch = first;
        channel_set_owner(first, &callbacks, it);
        keep(sp, it);
    }
    return sp;
}

struct channel *spare_take(struct spare *sp)
{
    struct channel *ch = NULL;

    /* The end of one may wait to be read, or that of all. */
    if (sp->count > 0 && session_pump(sp->session, NULL) != 0)
        return NULL;
    sp->taken_ms = time_boot_ms();
    for (size_t i = sp->count; i > 0 && ch == NULL; i--)
        if (is_ready(sp->items[i - 1]))
            ch = detach(sp, i - 1);
    if (ch == NULL)
        spare_policy_missed(&sp->policy, sp->taken_ms);
    else
        spare_policy_taken(&sp->policy, count_ready(sp));
    return ch;
}

/* ---- which --------------------------------------------------------------- */

/* Drops what is of no use. Only the oldest that is opening is asked for its
 * answer: they come in order, and asking costs a poll(2). */
static void prune(struct spare *sp)
{
    bool asked = false;

    for (size_t i = 0; i < sp->count;) {
        struct item *it = sp->items[i];
        enum channel_state state = channel_step(it->ch, !asked);
        bool old = age_ms(it) >= SPARE_MAX_AGE_MS;
        bool bad = state == CHANNEL_REFUSED || state == CHANNEL_ENDED || channel_at_eof(it->ch) || it->dead;
        asked = asked || state == CHANNEL_OPENING;
        if (bad)
            /* Refused or dropped young: opening another at once would spin. */
            sp->not_before_ms = old ? 0 : time_boot_ms() + RETRY_MS;
        if (bad || old)
            channel_close(detach(sp, i));
        else
            i++;
    }
    for (size_t ready = count_ready(sp); ready > sp->policy.wanted; ready--)
        for (size_t i = 0; i < sp->count; i++)
            if (is_ready(sp->items[i])) {
                channel_close(detach(sp, i)); /* the oldest */
                break;
            }
}

/* A moment after the last was taken, but at once when none is left. */
static int64_t refill_ms(const struct spare *sp)
{
    int64_t answer_ms = 2 * session_round_trip_us(sp->session) / 1000;
    int64_t pause_ms = answer_ms > PAUSE_MS ? answer_ms : PAUSE_MS;
    int64_t at = sp->count > 0 ? sp->taken_ms + pause_ms : 0;

    return at > sp->not_before_ms ? at : sp->not_before_ms;
}

void spare_step(struct spare *sp)
{
    spare_policy_settle(&sp->policy, time_boot_ms(), count_ready(sp));
    prune(sp);
    if (time_boot_ms() < refill_ms(sp))
        return;
    while (count_young(sp) < sp->policy.wanted && sp->count < SPARE_MAX * 2 &&
           time_boot_ms() >= sp->not_before_ms)
        add(sp);
}

int64_t spare_due_ms(const struct spare *sp)
{
    int64_t at = sp->policy.period_ms != 0 ? sp->policy.period_ms : INT64_MAX;

    if (count_young(sp) < sp->policy.wanted && refill_ms(sp) < at)
        at = refill_ms(sp);
    for (size_t i = 0; i < sp->count; i++) {
        int64_t next =
            sp->items[i]->born_ms + (age_ms(sp->items[i]) < RENEW_MS ? RENEW_MS : SPARE_MAX_AGE_MS);
        if (next < at)
            at = next;
    }
    if (at == INT64_MAX)
        return -1;
    int64_t left = at - time_boot_ms();
    return left > 0 ? left : 0;
}

void spare_free(struct spare *sp)
{
    if (sp == NULL)
        return;
    while (sp->count > 0)
        channel_close(detach(sp, sp->count - 1));
    free(sp->path);
    free(sp);
}
