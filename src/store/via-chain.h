/* via-chain: the profiles by which a profile is reached, from the nearest to its
 * host to the first one that is dialled. */
#ifndef DOCKTETHER_STORE_VIA_CHAIN_H
#define DOCKTETHER_STORE_VIA_CHAIN_H

#include "base/err.h"
#include "store/profile.h"

#include <stddef.h>

struct via_chain {
    struct profile **hops;
    size_t count;
};

/* Follows `via` from p (which need not be stored) to its end. A hop that is not
 * there or cannot be read keeps its ERR_PROFILE; one that leads back to p or to
 * another of the chain is ERR_FAILED: no way leads through a loop. On failure
 * *c is empty. */
int via_chain_load(const struct profile *p, struct via_chain *c, struct err *e);
void via_chain_clear(struct via_chain *c);

/* via_chain_load() without its result: whether there is such a chain. */
int via_chain_check(const struct profile *p, struct err *e);

#endif
