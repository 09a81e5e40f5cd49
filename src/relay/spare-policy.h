/* ration: how many spare channels are wanted, pure. After a burst as many more
 * as were missed in it; then a period in which some were never needed takes half
 * of those away, until `least` are left. */
#ifndef DOCKTETHER_RELAY_SPARE_POLICY_H
#define DOCKTETHER_RELAY_SPARE_POLICY_H

#include <stddef.h>
#include <stdint.h>

struct ration {
    size_t least; /* to keep, whatever happens; 0: none are kept at all */
    size_t most;
    size_t wanted;     /* between the two */
    size_t left_over;  /* the fewest that were ready in this period, at most wanted */
    int64_t period_ms; /* its end; 0: none is running */
};

struct ration ration_of(size_t least, size_t most);

/* One was asked for when none was ready. */
void ration_missed(struct ration *r, int64_t now_ms);

/* One was taken, and so many are ready still. */
void ration_taken(struct ration *r, size_t ready);

/* Call it with the number that is ready at period_ms, or whenever. */
void ration_settle(struct ration *r, int64_t now_ms, size_t ready);

#endif
