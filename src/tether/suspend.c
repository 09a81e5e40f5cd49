#include "tether/suspend.h"

#include "base/mem.h"
#include "base/time.h"

#include <stdlib.h>

#define LOOK_MS 2000
#define SLEPT_MS 1000 /* shorter ones do no harm, and the two clocks are not read at once */

const struct suspend_clocks suspend_system_clocks = { .boot_ms = time_boot_ms, .mono_ms = time_mono_ms };

struct suspend {
    uv_timer_t timer;
    struct suspend_clocks clocks;
    int64_t ahead_ms; /* of boot over mono, at the last look */
    void (*woke)(void *user);
    void *user;
};

void suspend_look(struct suspend *s)
{
    if (s == NULL)
        return;
    int64_t ahead = s->clocks.boot_ms() - s->clocks.mono_ms();
    bool slept = ahead - s->ahead_ms >= SLEPT_MS;
    s->ahead_ms = ahead;
    if (slept)
        s->woke(s->user);
}

static void on_look(uv_timer_t *timer)
{
    suspend_look(timer->data);
}

struct suspend *suspend_new(uv_loop_t *loop, const struct suspend_clocks *clocks, void (*woke)(void *user),
                            void *user)
{
    struct suspend *s = mem_alloc(sizeof *s);

    s->clocks = *clocks;
    s->ahead_ms = clocks->boot_ms() - clocks->mono_ms();
    s->woke = woke;
    s->user = user;
    uv_timer_init(loop, &s->timer);
    s->timer.data = s;
    uv_timer_start(&s->timer, on_look, LOOK_MS, LOOK_MS);
    return s;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void suspend_close(struct suspend *s)
{
    if (s != NULL)
        uv_close((uv_handle_t *)&s->timer, on_closed);
}
