#include "tether/backoff.h"

int64_t backoff_delay_ms(unsigned failures, uint32_t random)
{
    int64_t delay = BACKOFF_MIN_MS;

    for (unsigned i = 1; i < failures && delay < BACKOFF_MAX_MS; i++)
        delay *= 2;
    if (delay > BACKOFF_MAX_MS)
        delay = BACKOFF_MAX_MS;
    return delay - (int64_t)((uint64_t)(delay / 2) * random / UINT32_MAX);
}
