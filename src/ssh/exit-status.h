/* exit-status: how a remote command ended (RFC 4254 6.10) and what it said on
 * stderr, which belongs into an error and never into the stream. */
#ifndef DOCKTETHER_SSH_EXIT_STATUS_H
#define DOCKTETHER_SSH_EXIT_STATUS_H

#include <stdbool.h>
#include <stddef.h>

struct exit_status {
    int status; /* -1: not known */
    char signal[16];
    char *words; /* first 2 KB, one line, not yet escaped; NULL: none */
    size_t len;
};

#define ENDING_INIT  \
    {                \
        .status = -1 \
    }

void exit_status_hear(struct exit_status *end, const char *data, size_t len);

/* True once the server has told anything about it. */
bool exit_status_known(const struct exit_status *end);

/* True when it is known to be bad: a status other than 0, or a signal. */
bool exit_status_failed(const struct exit_status *end);

/* For people: the words, as many as there is room for, and "(exit status 1)"
 * or "(signal TERM)". */
void exit_status_describe(const struct exit_status *end, char *buf, size_t size);

void exit_status_clear(struct exit_status *end);

#endif
