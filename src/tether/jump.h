/* jump: a TCP stream to the next host out of another profile's tether, which is
 * started when it does not run. */
#ifndef DOCKTETHER_TETHER_JUMP_H
#define DOCKTETHER_TETHER_JUMP_H

#include "ssh/dial.h"
#include "ssh/wait.h"
#include "store/profile.h"

/* The way to p's host: by TCP when p has no `via`, else through the tether of
 * that profile. p must outlive it.
 *
 * The way's dial() blocks in a worker thread. The hop's tether is asked for a
 * stream; one that does not run is started by running this program with `up
 * --for-others`, as after the hop was killed. Errors bear the layer "hop NAME"
 * and the hop's own exit code. */
struct dial_way jump_way(const struct profile *p);

/* A stream to p's host out of the tether of its `via`, which must be running: the
 * contract of dial(), but nothing is started. */
int jump_stream(const struct profile *p, const struct wait *w, struct err *e);

/* An error of the hop `via`, as an error of the profile behind it: the same code and
 * hint, the hop's name in front. Returns -1. */
int jump_error(struct err *e, const char *via, const struct err *theirs);

#endif
