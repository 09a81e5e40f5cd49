/* liveness: whether a server that says nothing is dead, or only far away behind a slow
 * line. Pure: it is told the time, and all that happens.
 *
 * A server that nothing is heard from for the limit is dead; within it the server is asked
 * several times for a sign of life. The clock of a question starts when the line has
 * delivered it: as long as bytes before it are still being acknowledged the line is slow,
 * and not dead. */
#ifndef DOCKTETHER_TETHER_LIVENESS_H
#define DOCKTETHER_TETHER_LIVENESS_H

#include <stdbool.h>
#include <stdint.h>

/* The bytes on their way to the server, as far as the system can tell. */
struct transit {
    bool waits;      /* some are not even in the kernel yet */
    bool counted;    /* all of this is known; else nothing but queued */
    uint64_t acked;  /* acknowledged since the connection was made, without a gap */
    uint64_t queued; /* in the kernel, sent or not, and not acknowledged */
    /* Some are between the machines, and the last word about them came so long ago. It may
     * be about what lies behind a gap, or was sent twice. */
    bool in_flight;
    int64_t word_age_ms;
};

struct liveness {
    int64_t limit_ms; /* of silence; 0: none */
    int64_t every_ms; /* between two questions */
    int64_t heard_ms; /* when the last packet came */
    int64_t asked_ms; /* when the last question was asked */
    int64_t since_ms; /* the silence counts from here: the last packet, or the last progress */
    bool outstanding; /* a question was asked since the last packet ... */
    bool written;     /* ... the kernel has it, up to byte `mark` ... */
    bool delivered;   /* ... and the server's kernel, too */
    uint64_t mark;
    struct transit seen;
    int64_t looked_ms;
    int64_t doubt_since_ms, patience_ms; /* patience 0: no doubt */
};

enum liveness_verdict { LIVENESS_WAIT, LIVENESS_ASK, LIVENESS_DEAD };

/* count questions are asked within the limit (0: no limit). */
void liveness_init(struct liveness *l, int64_t limit_ms, int64_t count, int64_t now);

/* A packet came. */
void liveness_heard(struct liveness *l, int64_t now);

/* A question is asked; t is how the line is then. */
void liveness_asked(struct liveness *l, int64_t now, const struct transit *t);

/* True while liveness_look() has to be called: now and then, and as soon as nothing waits
 * outside of the kernel. */
bool liveness_looks(const struct liveness *l);
void liveness_look(struct liveness *l, int64_t now, const struct transit *t);

/* There is reason to believe that the server cannot be reached any more: it has to answer
 * within patience_ms from now, and has at least that long. A doubt that is there is not
 * prolonged by another: false. */
bool liveness_doubt(struct liveness *l, int64_t now, int64_t patience_ms);

/* This process stood still, so a doubt of before had no time. */
void liveness_forget_doubt(struct liveness *l);

enum liveness_verdict liveness_verdict(const struct liveness *l, int64_t now);

/* When to ask for the verdict again; INT64_MAX: when something happens. */
int64_t liveness_due(const struct liveness *l, int64_t now);

#endif
