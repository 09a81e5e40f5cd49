#include "tether/status.h"

#include "base/digest.h"
#include "base/mem.h"
#include "base/time.h"
#include "control/message.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void status_init(struct status *st)
{
    memset(st, 0, sizeof *st);
    st->started_ms = st->since_ms = time_wall_ms();
    st->round_trip_us = -1;
}

void status_state(struct status *st, enum tether_state state)
{
    st->state = state;
    st->since_ms = time_wall_ms();
}

void status_session(struct status *st, const struct session *s)
{
    st->transport = TRANSPORT_AUTO;
    st->transport_reason[0] = st->remote_socket[0] = st->server[0] = st->host_key[0] = st->identity[0] = '\0';
    st->algorithms[0] = st->library_cost[0] = '\0';
    st->post_quantum = false;
    if (s == NULL)
        return;
    err_escape(st->server, sizeof st->server, session_banner(s));
    err_escape(st->identity, sizeof st->identity, session_identity(s));
    pin_format(session_host_key(s), st->host_key);
    session_algorithms(s, st->algorithms, sizeof st->algorithms);
    st->post_quantum = session_post_quantum(s);
    status_library(st, s);
}

void status_library(struct status *st, const struct session *s)
{
    (void)session_library_cost(s, st->library_cost, sizeof st->library_cost);
}

void status_transport(struct status *st, enum transport transport, const char *reason, const char *socket)
{
    st->transport = transport;
    snprintf(st->remote_socket, sizeof st->remote_socket, "%s", socket != NULL ? socket : "");
    err_escape(st->transport_reason, sizeof st->transport_reason, reason);
}

void status_reconnected(struct status *st)
{
    st->reconnects++;
}

void status_error(struct status *st, const struct err *e)
{
    st->last_error = *e;
    st->last_error_ms = time_wall_ms();
}

static json_t *utc(int64_t ms)
{
    char text[32];

    time_format_utc(ms, text, sizeof text);
    return json_string(text);
}

/* Escaped: jansson takes UTF-8 alone, and a path may be anything. */
static json_t *text(const char *s)
{
    size_t size = 4 * strlen(s) + 1;
    char *escaped = mem_alloc(size);

    err_escape(escaped, size, s);
    json_t *o = json_string(escaped);
    free(escaped);
    return o;
}

static json_t *text_or_null(const char *s)
{
    return *s != '\0' ? text(s) : json_null();
}

static json_t *transport_name(const struct status *st)
{
    if (st->transport == TRANSPORT_AUTO)
        return json_null();
    return json_string(st->transport == TRANSPORT_STREAMLOCAL ? "streamlocal" : "dial-stdio");
}

static json_t *last_error(const struct status *st)
{
    if (st->last_error.code == ERR_NONE)
        return json_null();
    json_t *o = message_pack_err(&st->last_error);
    json_object_set_new(o, "at", utc(st->last_error_ms));
    return o;
}

static json_t *waiting_for(const struct status *st)
{
    if (st->waiting.what[0] == '\0' || (st->state != STATE_CONNECTING && st->state != STATE_PROBING))
        return json_null();
    return json_pack("{s:s,s:s}", "what", st->waiting.what, "whom", st->waiting.whom);
}

json_t *status_json(const struct status *st, const struct status_facts *facts, struct pool_counts n)
{
    char fingerprint[DIGEST_HEX_SIZE];
    char *endpoint = profile_endpoint(facts->profile);
    /* Probing is an inner matter: nothing is served yet. */
    const char *state = state_name(st->state == STATE_PROBING ? STATE_CONNECTING : st->state);
    const char *unit = facts->unit != NULL ? facts->unit : "";

    store_fingerprint(facts->profile, fingerprint);
    json_t *o = json_pack(
        "{s:s,s:s,s:i,s:o,s:o,s:o,s:o,s:s}", "name", facts->profile->name, "state", state, "pid",
        (int)getpid(), "since", utc(st->since_ms), "started", utc(st->started_ms), "endpoint", text(endpoint),
        "socket", text(profile_has_docker(facts->profile) ? facts->socket : ""), "fingerprint", fingerprint);
    json_object_set_new(o, "via",
                        facts->profile->via != NULL ? json_string(facts->profile->via) : json_null());
    json_object_set_new(o, "transport", transport_name(st));
    json_object_set_new(o, "transport_reason", text_or_null(st->transport_reason));
    json_object_set_new(o, "remote_socket", text_or_null(st->remote_socket));
    json_object_set_new(o, "server", text_or_null(st->server));
    json_object_set_new(o, "host_key", text_or_null(st->host_key));
    json_object_set_new(o, "identity", text_or_null(st->identity));
    json_object_set_new(o, "algorithms", text_or_null(st->algorithms));
    json_object_set_new(o, "post_quantum",
                        *st->algorithms != '\0' ? json_boolean(st->post_quantum) : json_null());
    json_object_set_new(o, "libssh", json_string(session_library()));
    json_object_set_new(o, "libssh_cost", text_or_null(st->library_cost));
    json_object_set_new(o, "agent", text_or_null(facts->agent != NULL ? facts->agent : ""));
    json_object_set_new(o, "connections",
                        json_pack("{s:I,s:I,s:I,s:I,s:I,s:I}", "open", (json_int_t)n.open, "held",
                                  (json_int_t)n.held, "total", (json_int_t)n.total, "refused",
                                  (json_int_t)n.refused, "streams", (json_int_t)n.streams, "max",
                                  (json_int_t)facts->profile->max_connections));
    json_object_set_new(o, "bytes",
                        json_pack("{s:I,s:I}", "in", (json_int_t)n.bytes_in, "out", (json_int_t)n.bytes_out));
    json_object_set_new(o, "reconnects", json_integer((json_int_t)st->reconnects));
    json_object_set_new(o, "round_trip_ms",
                        st->round_trip_us >= 0 ? json_real((double)st->round_trip_us / 1000) : json_null());
    json_object_set_new(o, "waiting_for", waiting_for(st));
    json_object_set_new(o, "next_attempt", st->next_attempt_ms > 0 ? utc(st->next_attempt_ms) : json_null());
    json_object_set_new(o, "draining", json_integer((json_int_t)st->draining));
    json_object_set_new(o, "version", json_string(PACKAGE_VERSION));
    json_object_set_new(o, "for_others", json_boolean(st->for_others));
    json_object_set_new(o, "unit", text_or_null(unit));
    json_object_set_new(o, "replaceable", json_boolean(facts->replaceable));
    json_object_set_new(o, "last_error", last_error(st));
    free(endpoint);
    return o;
}

/* Never waits: the loop would stand still for a reader that does. */
static bool send_object(int fd, json_t *o)
{
    char *object = json_dumps(o, JSON_COMPACT);
    bool sent = false;

    json_decref(o);
    if (object != NULL) {
        char *line = mem_printf("%s\n", object);
        ssize_t len = (ssize_t)strlen(line);
        sent = send(fd, line, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT) == len;
        free(line);
    }
    free(object);
    return sent;
}

/* A reader that has let the buffer run full of earlier lines sees the end of file in place
 * of the answer, instead of waiting for it. */
static void send_answer(int fd, json_t *o)
{
    if (!send_object(fd, o))
        (void)shutdown(fd, SHUT_WR);
}

void status_send_ready(int fd, const struct err *e)
{
    if (fd >= 0)
        send_answer(fd, e == NULL ? json_pack("{s:b}", "ok", 1)
                                  : json_pack("{s:b,s:o}", "ok", 0, "error", message_pack_err(e)));
}

void status_send_replaced(int fd)
{
    if (fd >= 0)
        send_answer(fd, json_pack("{s:b}", "replaced", 1));
}

void status_send_waiting(int fd, const struct waiting *w)
{
    if (fd >= 0)
        (void)send_object(fd, message_pack_waiting(w));
}
