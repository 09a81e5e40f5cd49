#include "ssh/window-grant.h"

#define LEAST (WINDOW_GRANT_LIBSSH / 2)     /* libssh grants this much or nothing */
#define MOST (WINDOW_GRANT_LIBSSH - 65536u) /* at a time: the sum it does stays above zero */

/* grow_window() when it is told that this much waits. */
static bool grown(struct window_grant *g, uint32_t told)
{
    const uint32_t used = (uint32_t)g->local + told;
    const uint32_t lacking = used < WINDOW_GRANT_LIBSSH ? WINDOW_GRANT_LIBSSH - used : 0;

    if (lacking < LEAST)
        return false;
    g->local += lacking;
    return true;
}

void window_grant_arrived(struct window_grant *g, uint32_t len)
{
    g->local -= (int64_t)len - g->waiting;
    g->waiting = len;
}

void window_grant_stderr(struct window_grant *g, uint32_t len)
{
    g->local -= len;
    (void)grown(g, g->waiting);
}

uint32_t window_grant_wish(const struct window_grant *g, uint32_t rest, uint32_t size)
{
    const int64_t more = (int64_t)size - g->local - rest;

    if (g->local < 0 || more < (int64_t)LEAST)
        return rest;
    const uint32_t step = more < (int64_t)MOST ? (uint32_t)more : MOST;
    return WINDOW_GRANT_LIBSSH - step - (uint32_t)g->local;
}

bool window_grant_left(struct window_grant *g, uint32_t rest, uint32_t told)
{
    g->waiting = rest;
    return grown(g, told);
}

void window_grant_read(struct window_grant *g, uint32_t n)
{
    g->waiting = n < g->waiting ? g->waiting - n : 0;
    if (n > 0)
        (void)grown(g, g->waiting);
}
