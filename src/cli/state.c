#include "cli/state.h"

#include "base/mem.h"
#include "cli/out.h"
#include "cli/table.h"
#include "tether/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *silent(const char *name, const struct err *e)
{
    json_t *o = json_object();
    json_t *error = json_object();

    json_object_set_new(error, "code", json_integer(e->code));
    json_object_set_new(error, "layer", out_json_string(e->layer));
    json_object_set_new(error, "message", out_json_string(e->msg));
    json_object_set_new(error, "hint", out_json_string(e->hint));
    json_object_set_new(o, "name", out_json_string(name));
    json_object_set_new(o, "state", json_string("silent"));
    json_object_set_new(o, "last_error", error);
    return o;
}

json_t *state_get(const char *name)
{
    struct err e = ERR_INIT;
    json_t *state = client_status(name, &e);

    if (state != NULL)
        return state;
    if (e.code != ERR_NONE)
        return silent(name, &e);
    state = json_object();
    json_object_set_new(state, "name", out_json_string(name));
    json_object_set_new(state, "state", json_string("down"));
    return state;
}

static const char *text(const json_t *object, const char *key)
{
    const char *s = json_string_value(json_object_get(object, key));
    return s != NULL ? s : "";
}

static json_int_t number(const json_t *object, const char *group, const char *key)
{
    const json_t *inner = group != NULL ? json_object_get(object, group) : object;
    return json_integer_value(json_object_get(inner, key));
}

bool state_serving(const json_t *state)
{
    const char *s = text(state, "state");

    /* One that sleeps serves whoever comes. */
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

static char *bytes_text(const json_t *state)
{
    char in[32], out[32];

    if (json_object_get(state, "bytes") == NULL)
        return mem_strdup("");
    format_size(number(state, "bytes", "in"), in, sizeof in);
    format_size(number(state, "bytes", "out"), out, sizeof out);
    return mem_printf("%s in, %s out", in, out);
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
    const char *layer = text(error, "layer");

    return mem_printf("%s%s%s", layer, *layer ? ": " : "", text(error, "message"));
}

/* ---- the two views ------------------------------------------------------ */

void state_print_table(const json_t *const *states, size_t count)
{
    static const char *const titles[] = { "NAME",        "STATE", "SINCE",     "TRANSPORT",
                                          "CONNECTIONS", "BYTES", "LAST ERROR" };
    struct table *t = table_new(sizeof titles / sizeof *titles, titles);

    for (size_t i = 0; i < count; i++) {
        const json_t *s = states[i];
        char *connections = connections_text(s, false), *bytes = bytes_text(s), *error = error_text(s);
        table_row(t, (const char *const[]){ text(s, "name"), text(s, "state"), text(s, "since"),
                                            text(s, "transport"), connections, bytes, error });
        free(connections);
        free(bytes);
        free(error);
    }
    table_print(t, stdout);
    table_free(t);
}

static void pair(struct table *t, const char *title, char *value)
{
    if (*value != '\0')
        table_pair(t, title, value);
    free(value);
}

static char *transport_text(const json_t *state)
{
    const char *transport = text(state, "transport"), *reason = text(state, "transport_reason");

    if (*transport == '\0' || *reason == '\0')
        return mem_strdup(transport);
    return mem_printf("%s (%s)", transport, reason);
}

static char *integer_text(const json_t *state, const char *key, const char *unit)
{
    if (!json_is_integer(json_object_get(state, key)))
        return mem_strdup("");
    return mem_printf("%lld%s", (long long)number(state, NULL, key), unit);
}

static char *error_when(const json_t *state)
{
    char *error = error_text(state);
    const char *at = text(json_object_get(state, "last_error"), "at");

    if (*error == '\0' || *at == '\0')
        return error;
    char *both = mem_printf("%s (%s)", error, at);
    free(error);
    return both;
}

void state_print_long(const json_t *state)
{
    static const struct {
        const char *title, *key;
    } plain[] = {
        { "Name", "name" },         { "State", "state" },
        { "Since", "since" },       { "Started", "started" },
        { "SSH", "endpoint" },      { "Via", "via" },
        { "Socket", "socket" },     { "Remote socket", "remote_socket" },
        { "Server", "server" },     { "Host key", "host_key" },
        { "Identity", "identity" },
    };
    struct table *t = table_new(2, NULL);

    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        pair(t, plain[i].title, mem_strdup(text(state, plain[i].key)));
    pair(t, "Process", integer_text(state, "pid", ""));
    pair(t, "Transport", transport_text(state));
    pair(t, "Connections", connections_text(state, true));
    pair(t, "Bytes", bytes_text(state));
    pair(t, "Reconnects", integer_text(state, "reconnects", ""));
    pair(t, "Last error", error_when(state));
    pair(t, "Hint", mem_strdup(text(json_object_get(state, "last_error"), "hint")));
    table_print(t, stdout);
    table_free(t);
}
