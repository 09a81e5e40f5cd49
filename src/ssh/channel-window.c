#include "ssh/channel-window.h"

#define LOW_ROUNDS 8       /* a pause of the sender's is no reason to take anything back */
#define SAMPLE_MIN_US 4000 /* data comes in bursts */

static uint32_t size_of(const struct channel_window *w)
{
    return w->base + w->extra;
}

static void give_back(struct channel_window *w, uint32_t *spent)
{
    *spent -= w->returned;
    w->extra -= w->returned;
    w->used -= w->returned;
    w->returned = 0;
}

/* What is returned is free again when the sender cannot use it any more. */
static void shrink(struct channel_window *w, uint64_t wish)
{
    uint32_t extra = wish > w->base ? (uint32_t)(wish - w->base) : 0;

    w->returned = w->extra - extra;
    w->low = 0;
}

static void grow(struct channel_window *w, uint64_t wish, uint32_t *spent)
{
    uint32_t extra = (uint32_t)((wish < WINDOW_MAX ? wish : WINDOW_MAX) - w->base);
    uint32_t more = extra - w->extra;

    if (more > WINDOW_BUDGET - *spent)
        more = WINDOW_BUDGET - *spent;
    *spent += more;
    w->extra += more;
    w->returned = 0;
    w->low = 0;
}

/* bytes were taken in elapsed_us, a round trip or more. */
static void follow(struct channel_window *w, uint64_t bytes, int64_t elapsed_us, int64_t round_trip_us,
                   uint32_t *spent)
{
    uint64_t wish = 2 * bytes * (uint64_t)round_trip_us / (uint64_t)elapsed_us;

    if (wish > size_of(w))
        grow(w, wish, spent);
    else if (w->extra == 0 || w->returned > 0 || wish >= size_of(w) / 2)
        w->low = 0;
    else if (++w->low >= LOW_ROUNDS)
        shrink(w, size_of(w) / 2);
}

void channel_window_took(struct channel_window *w, size_t n, int64_t now_us, int64_t round_trip_us,
                         uint32_t *spent)
{
    int64_t sample = round_trip_us > SAMPLE_MIN_US ? round_trip_us : SAMPLE_MIN_US;

    w->used = n < UINT32_MAX - w->used ? w->used + (uint32_t)n : UINT32_MAX;
    if (w->returned > 0 && w->used >= w->returned)
        give_back(w, spent);
    if (round_trip_us < 0)
        return;
    if (w->since_us == 0)
        w->since_us = now_us;
    w->taken += n;
    if (now_us - w->since_us < sample)
        return;
    follow(w, w->taken, now_us - w->since_us, round_trip_us, spent);
    w->taken = 0;
    w->since_us = now_us;
}

uint32_t channel_window_due(const struct channel_window *w)
{
    return w->returned == 0 && w->used >= size_of(w) / 4 ? size_of(w) : 0;
}

uint32_t channel_window_size(const struct channel_window *w)
{
    return size_of(w) - w->returned;
}

void channel_window_granted(struct channel_window *w)
{
    w->used = 0;
}

void channel_window_clear(struct channel_window *w, uint32_t *spent)
{
    *spent -= w->extra;
    *w = (struct channel_window){ .base = w->base };
}
