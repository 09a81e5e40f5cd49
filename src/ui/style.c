#include "ui/style.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Only the sixteen colours whose appearance the user can choose in the terminal. */
static const char *const sequences[] = {
    [STYLE_PLAIN] = "",
    [STYLE_TITLE] = "\033[1m",
    [STYLE_FAINT] = "\033[2m",
    [STYLE_GOOD] = "\033[32m",
    [STYLE_WAIT] = "\033[33m",
    [STYLE_BAD] = "\033[31m",
    [STYLE_GUARDED] = "\033[1;35m",
};

static const struct {
    const char *state;
    enum style style;
} states[] = {
    { "serving", STYLE_GOOD },    { "up", STYLE_GOOD },      { "asleep", STYLE_GOOD },
    { "connecting", STYLE_WAIT }, { "waiting", STYLE_WAIT }, { "draining", STYLE_WAIT },
    { "closing", STYLE_WAIT },    { "failed", STYLE_BAD },   { "silent", STYLE_BAD },
    { "down", STYLE_FAINT },
};

bool style_capable(int fd)
{
    const char *term = getenv("TERM");

    return term != NULL && *term != '\0' && strcmp(term, "dumb") != 0 && isatty(fd);
}

bool style_wanted(int fd)
{
    const char *no = getenv("NO_COLOR");

    return (no == NULL || *no == '\0') && style_capable(fd);
}

const char *style_on(enum style style)
{
    return sequences[style];
}

const char *style_off(enum style style)
{
    return style != STYLE_PLAIN ? "\033[0m" : "";
}

enum style style_of_state(const char *state)
{
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (strcmp(states[i].state, state) == 0)
            return states[i].style;
    return STYLE_PLAIN;
}
