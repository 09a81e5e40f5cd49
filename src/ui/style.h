/* style: colours, where they are wanted. */
#ifndef DOCKTETHER_UI_STYLE_H
#define DOCKTETHER_UI_STYLE_H

#include <stdbool.h>

enum style {
    STYLE_PLAIN,
    STYLE_TITLE,
    STYLE_FAINT,
    STYLE_GOOD,    /* serving */
    STYLE_WAIT,    /* may serve soon */
    STYLE_BAD,     /* does not serve without help */
    STYLE_GUARDED, /* a protected profile */
};

/* True when fd is a terminal with colours, and NO_COLOR is unset or empty. TERM unset or
 * "dumb" means no colours. */
bool style_wanted(int fd);

/* Whether fd is a terminal that takes escape sequences, whatever NO_COLOR says. */
bool style_capable(int fd);

/* The sequences that turn it on and off; "" for STYLE_PLAIN. */
const char *style_on(enum style style);
const char *style_off(enum style style);

/* The style of a state of `status` and `ls`; STYLE_PLAIN for an unknown one. */
enum style style_of_state(const char *state);

#endif
