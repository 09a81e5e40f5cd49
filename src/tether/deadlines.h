/* deadlines: how long connecting may take, of which each phase has its own deadline.
 *
 * | wait | deadline | whose |
 * |---|---|---|
 * | for a login slot | connect-timeout | connect-worker.c |
 * | name and TCP; banner and key exchange; login | connect-timeout each | ssh/connect.c |
 * | for the stream of a hop that runs | connect-timeout, in place of name and TCP | jump.c |
 * | for hops that are started anew | deadlines_hops_ms(), and then connect-timeout anew | jump.c |
 * | for the end of the process that started them | some seconds, then SIGKILL | jump.c |
 * | the remote shell; each socket by each transport | connect-timeout each | transport-probe.c |
 * | `up`, for the tether's answer | deadlines_answer_ms() | launch-join.c |
 */
#ifndef DOCKTETHER_TETHER_DEADLINES_H
#define DOCKTETHER_TETHER_DEADLINES_H

#include "store/profile.h"

#include <stdint.h>

/* The longest that an attempt of p's tether takes, with the time in which it starts hops
 * that are gone: after it the tether hangs. */
int64_t deadlines_answer_ms(const struct profile *p);

/* The longest that starting the hops of p takes, all of them one after the other. 0 when it
 * has none, or they cannot be read. */
int64_t deadlines_hops_ms(const struct profile *p);

#endif
