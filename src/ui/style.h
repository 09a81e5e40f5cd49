/* style: colours, where they are wanted. */
#ifndef DOCKTETHER_UI_STYLE_H
#define DOCKTETHER_UI_STYLE_H

#include <stdbool.h>

enum style {
    STYLE_PLAIN,
    STYLE_TITLE,
    STYLE_FAINT,
    STYLE_GOOD,    /* it serves */
    STYLE_WAIT,    /* it may yet */
    STYLE_BAD,     /* it does not, by itself */
    STYLE_GUARDED, /* a protected profile */
};

/* True when fd is a terminal that knows colours, and NO_COLOR (unset or empty
 * means nothing) does not forbid them. TERM unset or "dumb" knows none. */
bool style_wanted(int fd);

/* Whether a terminal takes escape sequences at all: style_wanted() without
 * the word of NO_COLOR. */
bool style_capable(int fd);

/* What turns it on, and off again; "" for STYLE_PLAIN. */
const char *style_on(enum style style);
const char *style_off(enum style style);

/* That of one of the states that `status` and `ls` name; one that is not known
 * is STYLE_PLAIN. */
enum style style_of_state(const char *state);

#endif
