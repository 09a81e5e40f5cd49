/* ending: how a remote command ended (RFC 4254 6.10) and what it said on
 * stderr, which belongs into an error and never into the stream. */
#ifndef DOCKTETHER_SSH_EXIT_STATUS_H
#define DOCKTETHER_SSH_EXIT_STATUS_H

#include <stdbool.h>
#include <stddef.h>

struct ending {
    int status; /* -1: not known */
    char signal[16];
    char *words; /* first 2 KB, one line, not yet escaped; NULL: none */
    size_t len;
};

#define ENDING_INIT  \
    {                \
        .status = -1 \
    }

void ending_hear(struct ending *end, const char *data, size_t len);

/* True once the server has told anything about it. */
bool ending_known(const struct ending *end);

/* True when it is known to be bad: a status other than 0, or a signal. */
bool ending_failed(const struct ending *end);

/* For people: the words, as many as there is room for, and "(exit status 1)"
 * or "(signal TERM)". */
void ending_describe(const struct ending *end, char *buf, size_t size);

void ending_clear(struct ending *end);

#endif
