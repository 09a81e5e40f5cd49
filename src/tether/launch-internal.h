/* launch-internal: What launch.c (which tether to start, join or replace), launch-join.c (a tether that runs
 * already) and launch-process.c (a new process that becomes one) share. */
#ifndef DOCKTETHER_TETHER_LAUNCH_INTERNAL_H
#define DOCKTETHER_TETHER_LAUNCH_INTERNAL_H

#include "tether/launch.h"

#include <jansson.h>
#include <stdbool.h>

/* Tells launch_options.waiting. */
void launch_tell(const struct launch_options *o, const struct profile *p, const char *what, const char *whom);

/* ---- launch-join.c ------------------------------------------------------------- */

/* A tether that runs, as its status has it. */
struct launch_running {
    enum launch_difference difference;
    bool replaceable;
    bool for_others;
};

struct launch_running launch_look(const struct runtime *rt, const struct profile *p);

/* Reads lines from fd until one is the answer, a new reference; the lines before it
 * say what the tether waits for. NULL and an error, also after the longest time that
 * a tether may take for its first attempt. */
json_t *launch_await_answer(const struct profile *p, const struct launch_options *o, int fd, struct err *e);

/* Asks the tether that runs to be up: LAUNCH_RUNNING or LAUNCH_FAILED. */
enum launch_result launch_ask(const struct runtime *rt, const struct profile *p,
                              const struct launch_options *o, struct err *e);

/* The same; *again says that the tether ended meanwhile, or never got as far as talking. */
enum launch_result launch_join(const struct runtime *rt, const struct profile *p,
                               const struct launch_options *o, bool *again, struct err *e);

/* ---- launch-process.c ---------------------------------------------------------- */

/* Starts a process that becomes p's tether and waits for its answer; with replace it
 * takes the place of the tether that runs. ids stay the caller's. *again says that
 * another process has the lock. LAUNCH_STARTED, LAUNCH_RUNNING or LAUNCH_FAILED; after a
 * failure the process is gone. */
enum launch_result launch_start(const struct profile *p, struct identities *ids, const struct runtime *rt,
                                const struct launch_options *o, bool replace, bool *again, struct err *e);

/* Waits until the other end of fd is closed, for some seconds at most. */
void launch_await_gone(int fd);

#endif
