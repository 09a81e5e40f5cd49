/* backoff: how long to wait before the next attempt. Pure. */
#ifndef DOCKTETHER_TETHER_BACKOFF_H
#define DOCKTETHER_TETHER_BACKOFF_H

#include <stdint.h>

#define BACKOFF_MIN_MS 250
#define BACKOFF_MAX_MS 30000

/* For the attempt after `failures` (1 or more) failed ones: doubling from
 * BACKOFF_MIN_MS to BACKOFF_MAX_MS, less up to a half by `random` (any 32
 * bits), so that many tethers do not come back in step. */
int64_t backoff_delay_ms(unsigned failures, uint32_t random);

#endif
