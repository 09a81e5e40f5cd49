#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include "address.h"

#include <stddef.h>

/* Each kind of load measures, prints one JSON object on stdout and returns the
 * exit status: 1 when anything failed. */

struct load {
    struct address to;
    const char *path; /* what is asked for */
    size_t count;     /* requests, connections or processes in all */
    size_t width;     /* of those, at once */
    uint64_t bytes;
    int64_t gap_ns;      /* between two requests of one place */
    int64_t deadline_ns; /* for each request */
    bool keep;           /* many requests on a connection */
    bool together;       /* every connection stands before the first asks */
    const char *until;   /* goes on until this file exists, with count as the bound */
};

/* Requests with a small answer. */
int load_ping(const struct load *l);

/* One transfer of l->bytes, from the server or to it. */
int load_down(const struct load *l);
int load_up(const struct load *l);

/* Opens l->count connections, says "ready" and holds them until stdin ends. */
int load_idle(const struct load *l);

/* l->count processes at once, all with the same arguments. */
int load_spawn(const struct load *l, char **argv);

/* "count", "failures", "wall_ms" and the percentiles of the good ones' times
 * (which are sorted here). why may be NULL. */
void report(size_t count, size_t failures, const char *why, int64_t wall_ns, int64_t *times, size_t good);

#endif
