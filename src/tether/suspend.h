/* suspend: notices that the machine has slept: the clock that goes on meanwhile
 * has run ahead of the one that stands still. */
#ifndef DOCKTETHER_TETHER_SUSPEND_H
#define DOCKTETHER_TETHER_SUSPEND_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

/* The two clocks, in milliseconds; others in tests. */
struct suspend_clocks {
    int64_t (*boot_ms)(void);
    int64_t (*mono_ms)(void);
};

extern const struct suspend_clocks suspend_system_clocks;

struct suspend;

/* Looks every two seconds of the loop's time, and whenever it is told to.
 * woke() is told once for each sleep. */
struct suspend *suspend_new(uv_loop_t *loop, const struct suspend_clocks *clocks, void (*woke)(void *user),
                            void *user);

/* Looks now; s may be NULL. */
void suspend_look(struct suspend *s);

/* s may be NULL. */
void suspend_close(struct suspend *s);

#endif
