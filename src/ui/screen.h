/* screen: takes the whole terminal of standard output for a command, and gives it back as it
 * was, whether a key, a signal or a stop (^Z) ends it. */
#ifndef DOCKTETHER_UI_SCREEN_H
#define DOCKTETHER_UI_SCREEN_H

#include "base/err.h"
#include "base/mem.h"

#include <poll.h>
#include <stddef.h>

struct screen;

enum screen_event {
    SCREEN_NOTHING, /* a descriptor is ready, or the time is over */
    SCREEN_REDRAW,  /* its size changed, or another program has used it */
    SCREEN_QUIT,
    SCREEN_UP,
    SCREEN_DOWN,
    SCREEN_PAGE_UP,
    SCREEN_PAGE_DOWN,
    SCREEN_HOME,
    SCREEN_END,
};

/* Takes the terminal. NULL when it cannot be set up. */
struct screen *screen_open(struct err *e);

/* Gives the terminal back. If a signal was the reason to quit, it is raised now. */
void screen_close(struct screen *s);

/* At least 1 each. */
void screen_size(const struct screen *s, size_t *rows, size_t *columns);

/* Shows the lines from the top, as many as fit. They are no wider than the terminal and
 * contain only text and colours. An unchanged picture is not written again. */
void screen_draw(struct screen *s, const struct strv *lines);

/* Waits for the descriptors to be readable, a key, a signal or the time. */
enum screen_event screen_wait(struct screen *s, const struct pollfd *fds, size_t count, int timeout_ms);

#endif
