/* status: what a tether tells about itself. */
#ifndef DOCKTETHER_TETHER_STATUS_H
#define DOCKTETHER_TETHER_STATUS_H

#include "base/err.h"
#include "relay/pool.h"
#include "ssh/session.h"
#include "store/profile.h"
#include "tether/connect-worker.h"
#include "tether/state.h"

#include <jansson.h>
#include <stdbool.h>

struct status {
    enum tether_state state;
    int64_t started_ms, since_ms; /* wall clock */
    uint64_t reconnects;
    enum transport transport; /* TRANSPORT_AUTO: none yet */
    char transport_reason[256];
    char remote_socket[256]; /* "": none yet, or only a command knows */
    char server[256], host_key[PIN_TEXT_SIZE], identity[160];
    char algorithms[200];   /* that were agreed on */
    char library_cost[300]; /* see session_library_cost() */
    bool post_quantum;
    struct err last_error;
    int64_t last_error_ms;
    int64_t round_trip_us;   /* -1: not known */
    int64_t next_attempt_ms; /* wall clock; 0: none is planned */
    size_t draining;         /* processes that this one has replaced and that still serve clients */
    struct waiting waiting;  /* what an attempt waits for */
    bool for_others;
};

void status_init(struct status *st);
void status_state(struct status *st, enum tether_state state);
void status_session(struct status *st, const struct session *s); /* NULL: lost */
void status_library(struct status *st, const struct session *s); /* once a channel was opened */
void status_transport(struct status *st, enum transport transport, const char *reason, const char *socket);
void status_reconnected(struct status *st);
void status_error(struct status *st, const struct err *e);

/* What a tether knows of itself from its start. */
struct status_facts {
    const struct profile *profile;
    const char *socket; /* the path of the Docker API's socket */
    const char *unit;   /* the service manager's name of it; NULL: none */
    const char *agent;  /* the socket of the agent that it needs; NULL: none */
    bool replaceable;
};

/* The members that docs/PROTOCOL.md lists; a new reference. */
json_t *status_json(const struct status *st, const struct status_facts *facts, struct pool_counts n);

/* The line for the process that waits at tether_config.ready_fd (-1: none). */
void status_send_ready(int fd, const struct err *e);

/* In its place: another process has taken this one's place before it could tell. */
void status_send_replaced(int fd);

/* Those before it, which tell what is being waited for. One that does not fit
 * is left out. */
void status_send_waiting(int fd, const struct waiting *w);

#endif
