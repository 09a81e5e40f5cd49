/* spare-policy: how many spare channels are wanted, pure. After a burst as many more
 * as were missed in it; then a period in which some were never needed takes half
 * of those away, until `least` are left. */
#ifndef DOCKTETHER_RELAY_SPARE_POLICY_H
#define DOCKTETHER_RELAY_SPARE_POLICY_H

#include <stddef.h>
#include <stdint.h>

struct spare_policy {
    size_t least; /* to keep, whatever happens; 0: none are kept at all */
    size_t most;
    size_t wanted;     /* between the two */
    size_t left_over;  /* the fewest that were ready in this period, at most wanted */
    int64_t period_ms; /* its end; 0: none is running */
};

struct spare_policy spare_policy_of(size_t least, size_t most);

/* One was asked for when none was ready. */
void spare_policy_missed(struct spare_policy *p, int64_t now_ms);

/* One was taken, and so many are ready still. */
void spare_policy_taken(struct spare_policy *p, size_t ready);

/* Call it with the number that is ready at period_ms, or whenever. */
void spare_policy_settle(struct spare_policy *p, int64_t now_ms, size_t ready);

#endif
