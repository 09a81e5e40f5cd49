#include "cli/status-table.h"
#include "autostart/autostart.h"

#include "base/jsonmember.h"
#include "base/mem.h"
#include "base/progname.h"
#include "base/time.h"
#include "ui/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_int_t number(const json_t *object, const char *group, const char *key)
{
    const json_t *inner = group != NULL ? json_object_get(object, group) : object;
    return json_integer_value(json_object_get(inner, key));
}

const char *status_table_word(const json_t *state)
{
    return jsonmember_text(state, "state");
}

bool status_table_serving(const json_t *state)
{
    const char *s = status_table_word(state);

    /* A tether that is asleep serves the next client. */
    return strcmp(s, "serving") == 0 || strcmp(s, "asleep") == 0;
}

/* ---- values for people, allocated -------------------------------------- */

/* Decimal units, as the docker CLI has them: "1.23GB". */
static void format_size(json_int_t bytes, char *buf, size_t size)
{
    static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB" };
    double value = (double)bytes;
    size_t unit = 0;

    for (; value >= 999.5 && unit + 1 < sizeof units / sizeof *units; unit++)
        value /= 1000;
    snprintf(buf, size, "%.3g%s", value, units[unit]);
}

static char *bytes_text(const json_t *state, bool everything)
{
    char in[32], out[32];

    if (json_object_get(state, "bytes") == NULL)
        return mem_strdup("");
    format_size(number(state, "bytes", "in"), in, sizeof in);
    format_size(number(state, "bytes", "out"), out, sizeof out);
    return mem_printf("%s%s%s%s", in, everything ? " in, " : " / ", out, everything ? " out" : "");
}

static char *connections_text(const json_t *state, bool everything)
{
    if (json_object_get(state, "connections") == NULL)
        return mem_strdup("");
    json_int_t open = number(state, "connections", "open"), held = number(state, "connections", "held");
    if (everything)
        return mem_printf("%lld open, %lld held, %lld in all, %lld refused, %lld at most", (long long)open,
                          (long long)held, (long long)number(state, "connections", "total"),
                          (long long)number(state, "connections", "refused"),
                          (long long)number(state, "connections", "max"));
    return held > 0 ? mem_printf("%lld (%lld held)", (long long)open, (long long)held)
                    : mem_printf("%lld", (long long)open);
}

static char *error_text(const json_t *state)
{
    const json_t *error = json_object_get(state, "last_error");
    const char *layer = jsonmember_text(error, "layer");

    return mem_printf("%s%s%s", layer, *layer ? ": " : "", jsonmember_text(error, "message"));
}

/* How long ago a time is; "" when there is none. */
static char *age_text(const json_t *object, const char *key)
{
    char age[32];
    int64_t at;

    if (time_parse_utc(jsonmember_text(object, key), &at) != 0)
        return mem_strdup("");
    time_format_age(time_wall_ms() - at, age, sizeof age);
    return mem_strdup(age);
}

/* The time, and how long ago that is. */
static char *since_text(const json_t *object, const char *key)
{
    char *age = age_text(object, key);
    char *both = *age != '\0' ? mem_printf("%s (%s ago)", jsonmember_text(object, key), age) : mem_strdup("");

    free(age);
    return both;
}

static char *round_trip_text(const json_t *state)
{
    const json_t *value = json_object_get(state, "round_trip_ms");
    double ms = json_number_value(value);

    if (!json_is_number(value))
        return mem_strdup("");
    return ms < 1000 ? mem_printf(ms < 100 ? "%.1fms" : "%.0fms", ms) : mem_printf("%.1fs", ms / 1000);
}

static char *integer_text(const json_t *state, const char *key)
{
    if (!json_is_integer(json_object_get(state, key)))
        return mem_strdup("");
    return mem_printf("%lld", (long long)number(state, NULL, key));
}

/* ---- one row a tether ---------------------------------------------------- */

enum { NAME, STATE, FOR, RECONNECTS, ROUND_TRIP, CONNECTIONS, BYTES, TRANSPORT, LAST_ERROR, COLUMNS };

const unsigned char state_ranks[COLUMNS] = {
    [FOR] = 3,   [RECONNECTS] = 5, [ROUND_TRIP] = 4, [CONNECTIONS] = 2,
    [BYTES] = 6, [TRANSPORT] = 7,  [LAST_ERROR] = 1,
};

static char *error_row(const json_t *state)
{
    char *error = error_text(state), *age = age_text(json_object_get(state, "last_error"), "at");
    char *both = *age != '\0' ? mem_printf("%s ago: %s", age, error) : mem_strdup(error);

    free(age);
    free(error);
    return both;
}

static void add_row(struct table *t, const struct status_table_row *row)
{
    const json_t *s = row->state;
    char *allocated[] = { age_text(s, "since"),       integer_text(s, "reconnects"), round_trip_text(s),
                          connections_text(s, false), bytes_text(s, false),          error_row(s) };
    const char *const cells[COLUMNS] = {
        [NAME] = row->name,          [STATE] = status_table_word(s),
        [FOR] = allocated[0],        [RECONNECTS] = allocated[1],
        [ROUND_TRIP] = allocated[2], [CONNECTIONS] = allocated[3],
        [BYTES] = allocated[4],      [TRANSPORT] = jsonmember_text(s, "transport"),
        [LAST_ERROR] = allocated[5],
    };

    table_row(t, cells);
    for (size_t i = 0; i < sizeof allocated / sizeof *allocated; i++)
        free(allocated[i]);
    if (row->is_protected)
        table_paint(t, NAME, STYLE_GUARDED);
    table_paint(t, STATE, style_of_state(status_table_word(s)));
    table_paint(t, LAST_ERROR, status_table_serving(s) ? STYLE_FAINT : STYLE_BAD);
}

struct table *status_table_build(const struct status_table_row *rows, size_t count)
{
    static const char *const titles[COLUMNS] = { "NAME",           "STATE",      "FOR",
                                                 "RECONNECTS",     "ROUND TRIP", "CONNECTIONS",
                                                 "BYTES IN / OUT", "TRANSPORT",  "LAST ERROR" };
    struct table *t = table_new(COLUMNS, titles);

    for (size_t i = 0; i < count; i++)
        add_row(t, &rows[i]);
    return t;
}

/* ---- everything about one ------------------------------------------------ */

static void pair(struct table *t, const char *title, char *value)
{
    if (*value != '\0')
        table_pair(t, title, value);
    free(value);
}

static char *transport_text(const json_t *state)
{
    const char *transport = jsonmember_text(state, "transport"),
               *reason = jsonmember_text(state, "transport_reason");

    if (*transport == '\0' || *reason == '\0')
        return mem_strdup(transport);
    return mem_printf("%s (%s)", transport, reason);
}

static char *error_when(const json_t *state)
{
    char *error = error_text(state), *at = since_text(json_object_get(state, "last_error"), "at");
    char *both = *at != '\0' ? mem_printf("%s; %s", error, at) : mem_strdup(error);

    free(at);
    free(error);
    return both;
}

static char *algorithms_text(const json_t *state)
{
    const char *agreed = jsonmember_text(state, "algorithms");

    return mem_printf("%s%s", agreed,
                      json_is_true(json_object_get(state, "post_quantum")) ? " (post-quantum)" : "");
}

static char *library_text(const json_t *state)
{
    const char *cost = jsonmember_text(state, "libssh_cost");

    return *cost != '\0' ? mem_printf("%s: %s", jsonmember_text(state, "libssh"), cost) : mem_strdup("");
}

static char *next_text(const json_t *state)
{
    char left[32];
    int64_t at;

    if (time_parse_utc(jsonmember_text(state, "next_attempt"), &at) != 0)
        return mem_strdup("");
    time_format_age(at - time_wall_ms(), left, sizeof left);
    return mem_printf("in %s", left);
}

static char *replaced_text(const json_t *state)
{
    json_int_t count = number(state, NULL, "draining");

    if (count == 0)
        return mem_strdup("");
    return mem_printf("%lld older process%s with open connections", (long long)count, count == 1 ? "" : "es");
}

static char *waiting_text(const json_t *state)
{
    const json_t *waiting = json_object_get(state, "waiting_for");

    return json_is_object(waiting)
               ? progress_text(jsonmember_text(waiting, "what"), jsonmember_text(waiting, "whom"))
               : mem_strdup("");
}

static void plain(struct table *t, const json_t *state, const char *title, const char *key)
{
    pair(t, title, mem_strdup(jsonmember_text(state, key)));
}

struct table *status_table_full(const struct status_table_row *row)
{
    const json_t *s = row->state;
    struct table *t = table_new(2, NULL);

    pair(t, "Name", mem_strdup(row->name));
    if (row->is_protected)
        table_paint(t, 1, STYLE_GUARDED);
    table_pair(t, "State", status_table_word(s));
    table_paint(t, 1, style_of_state(status_table_word(s)));
    pair(t, "Since", since_text(s, "since"));
    pair(t, "Waiting for", waiting_text(s));
    pair(t, "Next attempt", next_text(s));
    pair(t, "Started", since_text(s, "started"));
    plain(t, s, "SSH", "endpoint");
    plain(t, s, "Via", "via");
    plain(t, s, "Socket", "socket");
    plain(t, s, "Remote socket", "remote_socket");
    plain(t, s, "Server", "server");
    plain(t, s, "Host key", "host_key");
    plain(t, s, "Identity", "identity");
    pair(t, "Algorithms", algorithms_text(s));
    pair(t, "libssh", library_text(s));
    pair(t, "Process", integer_text(s, "pid"));
    pair(t, "Unit", mem_strdup(jsonmember_text(s, "unit")));
    enum login_kind enabled = autostart_enabled(row->name);
    pair(t, "Enabled", mem_strdup(enabled != LOGIN_NO ? autostart_text(enabled) : ""));
    plain(t, s, "Version", "version");
    pair(t, "Transport", transport_text(s));
    pair(t, "Connections", connections_text(s, true));
    pair(t, "Draining", replaced_text(s));
    pair(t, "Bytes", bytes_text(s, true));
    pair(t, "Round trip", round_trip_text(s));
    pair(t, "Reconnects", integer_text(s, "reconnects"));
    pair(t, "Last error", error_when(s));
    pair(t, "Hint", progname_text(jsonmember_text(json_object_get(s, "last_error"), "hint")));
    return t;
}
