#include "tether/idle.h"

#include "base/mem.h"
#include "base/time.h"

#include <stdlib.h>

/* Looking is cheaper than being told of every connection, and late by a tenth at most. */
#define LOOKS 10
#define LOOK_MIN_MS 50
#define LOOK_MAX_MS 5000

struct idle {
    uv_timer_t timer;
    int64_t limit_ms;
    int64_t last_ms; /* when it was seen in use */
    uint64_t seen;
    struct idle_owner owner;
};

static void on_look(uv_timer_t *timer)
{
    struct idle *i = timer->data;
    bool busy = false;
    uint64_t used = i->owner.used(i->owner.user, &busy);

    if (busy || used != i->seen)
        idle_touch(i);
    i->seen = used;
    if (time_mono_ms() - i->last_ms < i->limit_ms)
        return;
    idle_touch(i);
    i->owner.unused(i->owner.user);
}

struct idle *idle_new(uv_loop_t *loop, int64_t limit_ms, const struct idle_owner *owner)
{
    struct idle *i = mem_alloc(sizeof *i);
    int64_t look = limit_ms / LOOKS;

    look = look < LOOK_MIN_MS ? LOOK_MIN_MS : look > LOOK_MAX_MS ? LOOK_MAX_MS : look;
    i->limit_ms = limit_ms;
    i->owner = *owner;
    uv_timer_init(loop, &i->timer);
    i->timer.data = i;
    idle_touch(i);
    uv_timer_start(&i->timer, on_look, (uint64_t)look, (uint64_t)look);
    return i;
}

void idle_touch(struct idle *i)
{
    if (i != NULL)
        i->last_ms = time_mono_ms();
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void idle_close(struct idle *i)
{
    if (i != NULL)
        uv_close((uv_handle_t *)&i->timer, on_closed);
}
