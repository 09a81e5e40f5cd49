/* max-sessions: whose turn it is where a server runs only so many commands at once on
 * one connection (sshd: MaxSessions, 10 unless set). It tells nobody the
 * number, so it is learnt from its first refusal. Pure: no clock, no channel. */
#ifndef DOCKTETHER_RELAY_MAX_SESSIONS_H
#define DOCKTETHER_RELAY_MAX_SESSIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Opens that may be unanswered at once, so that a crowd does not earn hundreds
 * of refusals before the limit is known. */
#define MAX_SESSIONS_OPENING 8

/* The server frees a command's place a while after it has ended. */
#define MAX_SESSIONS_SETTLE_MS 5000

/* The limit may have been learnt while places were still being freed: with
 * somebody waiting, one more than it is tried from time to time. */
#define MAX_SESSIONS_STRETCH_MS 10000

/* How long somebody waits, at least, while nobody's turn comes. */
#define MAX_SESSIONS_PATIENCE_MS 60000

struct max_sessions {
    size_t limit; /* commands that run at once; 0: none was met */
    int64_t not_before_ms;
    int64_t pause_ms;
    int64_t stretch_ms;
    int64_t moved_ms; /* when the last command was started */
    int64_t freed_ms; /* when the last one ended */
};

/* A new session, whose probe has just ended. */
void max_sessions_begin(struct max_sessions *m, int64_t now_ms);

/* Whether one more may be opened while `running` were granted and `opening`
 * are unanswered. */
bool max_sessions_may_open(const struct max_sessions *m, size_t running, size_t opening, int64_t now_ms);

/* One was started; `running` counts it. */
void max_sessions_started(struct max_sessions *m, size_t running, int64_t now_ms);

/* The server refused to open one while `running` others were granted. True:
 * its turn will come. False: this is no matter of how many. */
bool max_sessions_refused(struct max_sessions *m, size_t running, int64_t now_ms);

/* One has ended. */
void max_sessions_ended(struct max_sessions *m, int64_t now_ms);

/* Milliseconds until max_sessions_may_open() may say yes by the clock alone, for
 * somebody who waits. */
int64_t max_sessions_due_ms(const struct max_sessions *m, size_t running, int64_t now_ms);

#endif
