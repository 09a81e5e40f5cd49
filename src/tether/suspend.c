#include "tether/suspend.h"

#include "base/mem.h"
#include "base/time.h"

#include <stdlib.h>

#define LOOK_MS 2000
#define SLEPT_MS 1000 /* shorter ones hurt nobody, and the two clocks are not read at once */

const struct suspend_clocks wake_system_clocks = { .boot_ms = time_boot_ms, .mono_ms = time_mono_ms };

struct suspend {
    uv_timer_t timer;
    struct suspend_clocks clocks;
    int64_t ahead_ms; /* of boot over mono, at the last look */
    void (*woke)(void *user);
    void *user;
};

void suspend_look(struct suspend *w)
{
    if (w == NULL)
        return;
    int64_t ahead = w->clocks.boot_ms() - w->clocks.mono_ms();
    bool slept = ahead - w->ahead_ms >= SLEPT_MS;
    w->ahead_ms = ahead;
    if (slept)
        w->woke(w->user);
}

static void on_look(uv_timer_t *timer)
{
    suspend_look(timer->data);
}

struct suspend *suspend_new(uv_loop_t *loop, const struct suspend_clocks *clocks, void (*woke)(void *user),
                            void *user)
{
    struct suspend *w = mem_alloc(sizeof *w);

    w->clocks = *clocks;
    w->ahead_ms = clocks->boot_ms() - clocks->mono_ms();
    w->woke = woke;
    w->user = user;
    uv_timer_init(loop, &w->timer);
    w->timer.data = w;
    uv_timer_start(&w->timer, on_look, LOOK_MS, LOOK_MS);
    return w;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void suspend_close(struct suspend *w)
{
    if (w != NULL)
        uv_close((uv_handle_t *)&w->timer, on_closed);
}
