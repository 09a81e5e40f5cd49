/* time: clocks, deadlines and the durations of profiles. All in milliseconds, but for one. */
#ifndef DOCKTETHER_BASE_TIME_H
#define DOCKTETHER_BASE_TIME_H

#include <stddef.h>
#include <stdint.h>

int64_t time_mono_ms(void); /* stands still while the machine sleeps */
int64_t time_mono_us(void); /* the same in microseconds */
int64_t time_boot_ms(void); /* goes on while it sleeps, where the system has such a clock */
int64_t time_wall_ms(void); /* since 1970, UTC */

/* A point on the monotonic clock. */
struct deadline {
    int64_t at_ms;
};

struct deadline deadline_in(int64_t ms);
int deadline_left(struct deadline d); /* for poll(2): 0 when over, never negative */

/* "10s", "1500ms", "2m", "1h" or "0": 0 and *ms, or -1. A bare number other
 * than 0 is refused: its unit would be a guess. At most 24 h. */
int time_parse_duration(const char *s, int64_t *ms);

/* The shortest of those forms. */
void time_format_duration(int64_t ms, char *buf, size_t size);

/* "2026-11-22T03:38:08Z" */
void time_format_utc(int64_t wall_ms, char *buf, size_t size);

/* That form alone: 0 and *wall_ms, or -1. */
int time_parse_utc(const char *s, int64_t *wall_ms);

/* How long something has lasted, for people: "5s", "3m 20s", "2h 5m", "12d 4h".
 * A clock that was put back makes no negative age: "0s". */
void time_format_age(int64_t ms, char *buf, size_t size);

#endif
