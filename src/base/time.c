#include "base/time.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAY_MS (24 * 3600 * INT64_C(1000))

static const struct {
    const char *name;
    int64_t ms;
} units[] = { { "h", 3600000 }, { "m", 60000 }, { "s", 1000 }, { "ms", 1 } };

static int64_t now(clockid_t id)
{
    struct timespec ts;

    if (clock_gettime(id, &ts) != 0)
        abort(); /* only for a clock that does not exist */
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t time_mono_ms(void)
{
    return now(CLOCK_MONOTONIC);
}

int64_t time_boot_ms(void)
{
#ifdef CLOCK_BOOTTIME
    return now(CLOCK_BOOTTIME);
#else
    return now(CLOCK_MONOTONIC);
#endif
}

int64_t time_wall_ms(void)
{
    return now(CLOCK_REALTIME);
}

struct deadline deadline_in(int64_t ms)
{
    return (struct deadline){ .at_ms = time_mono_ms() + ms };
}

int deadline_left(struct deadline d)
{
    int64_t left = d.at_ms - time_mono_ms();
    return left <= 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

int time_parse_duration(const char *s, int64_t *ms)
{
    int64_t value = 0;
    size_t digits = strspn(s, "0123456789");

    if (digits == 0 || digits > 8)
        return -1;
    for (size_t i = 0; i < digits; i++)
        value = value * 10 + (s[i] - '0');
    if (s[digits] == '\0' && value == 0) {
        *ms = 0;
        return 0;
    }
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strcmp(s + digits, units[i].name) != 0)
            continue;
        if (value > DAY_MS / units[i].ms)
            return -1;
        *ms = value * units[i].ms;
        return 0;
    }
    return -1;
}

void time_format_duration(int64_t ms, char *buf, size_t size)
{
    if (ms == 0) {
        snprintf(buf, size, "0");
        return;
    }
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (ms % units[i].ms == 0) {
            snprintf(buf, size, "%" PRId64 "%s", ms / units[i].ms, units[i].name);
            return;
        }
    }
}

void time_format_utc(int64_t wall_ms, char *buf, size_t size)
{
    time_t t = (time_t)(wall_ms / 1000);
    struct tm tm;

    if (size == 0 || gmtime_r(&t, &tm) == NULL || strftime(buf, size, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        if (size > 0)
            buf[0] = '\0';
}
