/* idle: notices that something was not used for a while. */
#ifndef DOCKTETHER_TETHER_IDLE_H
#define DOCKTETHER_TETHER_IDLE_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct idle;

struct idle_owner {
    /* How often it was used so far; *busy: it is in use now. */
    uint64_t (*used)(void *user, bool *busy);
    /* It was not used for limit_ms, and a little more; called again after as
     * long, unless it is closed. */
    void (*unused)(void *user);
    void *user;
};

struct idle *idle_new(uv_loop_t *loop, int64_t limit_ms, const struct idle_owner *owner);

/* Counts as a use. i may be NULL. */
void idle_touch(struct idle *i);

/* i may be NULL. */
void idle_close(struct idle *i);

#endif
