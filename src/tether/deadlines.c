#include "tether/deadlines.h"

#include "engine/remote-socket.h"
#include "store/via-chain.h"

#include <stddef.h>

/* A login slot, name and TCP, handshake, login; a question to the remote shell; and by both
 * transports each socket that it may name. */
#define PHASES (4 + 1 + 2 * REMOTE_PLACES_MAX)

#define SLACK_MS 10000 /* for the processes themselves, on a busy machine */

static int64_t attempt_ms(const struct profile *p)
{
    return PHASES * p->connect_timeout_ms + SLACK_MS;
}

int64_t deadlines_answer_ms(const struct profile *p)
{
    return attempt_ms(p) + deadlines_hops_ms(p);
}

int64_t deadlines_hops_ms(const struct profile *p)
{
    struct via_chain chain;
    int64_t ms = 0;

    if (p->via == NULL || via_chain_load(p, &chain, NULL) != 0)
        return 0;
    for (size_t i = 0; i < chain.count; i++)
        ms += attempt_ms(chain.hops[i]);
    via_chain_clear(&chain);
    return ms;
}
