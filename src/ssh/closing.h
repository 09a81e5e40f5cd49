/* closing: the channels of a session that were given up and have still to end
 * properly. Pure lists. */
#ifndef DOCKTETHER_SSH_CLOSING_H
#define DOCKTETHER_SSH_CLOSING_H

#include <stdbool.h>
#include <stddef.h>

enum closing_state {
    CLOSING_BUSY,    /* step again at every occasion */
    CLOSING_OPENING, /* its open is not answered, and only asking tells whether it is now */
    CLOSING_QUIET,   /* CLOSE is sent; nothing to do before closing_news() */
    CLOSING_DONE,
};

/* A part of the object that it ends. */
struct closing {
    /* Moves on; asks only with probe. */
    enum closing_state (*step)(struct closing *c, bool probe);
    void (*destroy)(struct closing *c); /* frees the object */
    enum closing_state state;
    struct closing *prev, *next;
};

struct closing_list {
    struct closing *first, *last;
};

/* Zero-initialised when empty. */
struct closings {
    struct closing_list busy, quiet;
    size_t opening, waiting; /* how many are in these states; waiting: CLOSING_QUIET */
};

/* Steps c for the first time, and keeps it unless it is done already. */
void closings_add(struct closings *cs, struct closing *c);

/* Steps all but the quiet ones, asks two of those that are opening, in turn, and
 * destroys what is done. */
void closings_step(struct closings *cs);

/* There is news of c: it is stepped again. Nothing happens while it is not quiet. */
void closing_news(struct closings *cs, struct closing *c);

/* Destroys all of them as they are. */
void closings_clear(struct closings *cs);

#endif
