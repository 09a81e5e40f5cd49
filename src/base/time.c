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

static int64_t now_us(clockid_t id)
{
    struct timespec ts;

    if (clock_gettime(id, &ts) != 0)
        abort(); /* only for a clock that does not exist */
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static int64_t now(clockid_t id)
{
    return now_us(id) / 1000;
}

int64_t time_mono_ms(void)
{
    return now(CLOCK_MONOTONIC);
}

int64_t time_mono_us(void)
{
    return now_us(CLOCK_MONOTONIC);
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

int time_parse_utc(const char *s, int64_t *wall_ms)
{
    struct tm tm = { 0 };
    char z, more;

    if (sscanf(s, "%4d-%2d-%2dT%2d:%2d:%2d%c%c", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour,
               &tm.tm_min, &tm.tm_sec, &z, &more) != 7 ||
        z != 'Z')
        return -1;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    time_t t = timegm(&tm);
    if (t == (time_t)-1)
        return -1;
    *wall_ms = (int64_t)t * 1000;
    return 0;
}

void time_format_age(int64_t ms, char *buf, size_t size)
{
    static const struct {
        const char *big, *small;
        int64_t big_s, small_s;
    } steps[] = { { "d", "h", 86400, 3600 }, { "h", "m", 3600, 60 }, { "m", "s", 60, 1 } };
    int64_t s = ms > 0 ? ms / 1000 : 0;

    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        if (s < steps[i].big_s)
            continue;
        int64_t rest = s % steps[i].big_s / steps[i].small_s;
        if (rest == 0)
            snprintf(buf, size, "%" PRId64 "%s", s / steps[i].big_s, steps[i].big);
        else
            snprintf(buf, size, "%" PRId64 "%s %" PRId64 "%s", s / steps[i].big_s, steps[i].big, rest,
                     steps[i].small);
        return;
    }
    snprintf(buf, size, "%" PRId64 "s", s);
}
