/* tether-internal: what tether.c (its life), tether-sockets.c (its sockets and the requests on
 * them), tether-actions.c (what a step of the state machine does), tether-handover.c (one process
 * takes the place of another) and tether-ready.c (the answer to the process that started it)
 * share. */
#ifndef DOCKTETHER_TETHER_TETHER_INTERNAL_H
#define DOCKTETHER_TETHER_TETHER_INTERNAL_H

#include "relay/listener.h"
#include "relay/pool.h"
#include "tether/connect-worker.h"
#include "tether/control-server.h"
#include "tether/idle.h"
#include "tether/netlink.h"
#include "tether/notify.h"
#include "tether/session-poll.h"
#include "tether/state.h"
#include "tether/status.h"
#include "tether/suspend.h"
#include "tether/tether.h"
#include "tether/transport-probe.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <uv.h>

struct tether {
    const struct tether_config *cfg;
    uv_loop_t loop;
    uv_prepare_t prepare; /* runs the deferred work before the loop polls */
    uv_idle_t again;      /* started when a turn did not finish the work */
    uv_timer_t backoff, due;
    unsigned unproven; /* key exchanges in a row without a pinned key */
    uv_signal_t sigterm, sigint, sighup;
    uv_async_t news; /* from the thread that logs in */
    uv_poll_t ready; /* the process that waits for the first answer */

    enum tether_state state;
    bool dirty;
    bool for_others;   /* until the user says `up` */
    bool settled;      /* the first attempt has been answered */
    bool redial;       /* the attempt under way is given up for a new one */
    bool doubt;        /* the reason for an EVENT_WAKE concerns the session itself */
    bool handing_over; /* another process has been offered our place */
    bool replaced;     /* files and lock are another process's */
    unsigned failures;
    bool patient;       /* the server asked for time: see struct err */
    int64_t dialled_ms; /* when the last attempt began, monotonic */
    ino_t sock_inode;   /* of the socket's file, as we made it or were given it; 0: neither yet */
    int lock;           /* -1 until taken over from the tether that is replaced */
    int *ends;          /* predecessors that still serve clients end when these are closed */
    size_t ends_count;

    struct listener *listener;
    struct control_server *control;
    struct pool *pool;
    struct idle *idle_session, *idle_hop;
    struct suspend *suspend;
    struct netlink *netlink;
    struct notify *notify; /* NULL: no service manager listens */
    struct connect_worker *worker;
    struct session *session; /* owned by poll, once there is one */
    struct session_poll *poll;
    struct transport_probe *probe;

    struct status status;
    struct err fatal; /* what ended it; ERR_NONE after an orderly end */
};

/* ---- tether-actions.c ------------------------------------------------------------- */

/* Takes the step of the state machine that the event asks for. */
void tether_post(struct tether *t, enum tether_event event);

/* Something was done with libssh: everything is looked at before the loop polls. */
void tether_mark_dirty(void *user);

/* Another thread's word, on the loop: what it waits for. */
void tether_on_news(uv_async_t *async);

/* ---- tether-sockets.c ------------------------------------------------------------- */

/* The sockets: made, taken over, or passed by a service manager. */
int tether_open(struct tether *t, struct err *e);

/* False when the socket's file is not ours to remove: a service manager keeps it,
 * another process has put its own in its place, or was there before us and we
 * never had one. */
bool tether_owns_socket(const struct tether *t);

/* ---- tether-handover.c ------------------------------------------------------------ */

struct handover;

/* The callbacks of control-server.h with these contracts. */
int tether_offer_place(void *user, struct handover *s, struct err *e);
void tether_give_place(void *user);
void tether_keep_place(void *user, struct handover *s);

/* The lock, from the tether that runs, with what it hands over in s; when there is none
 * any more, as if there had never been one. Blocks for some seconds at most. */
int tether_take_place(struct tether *t, struct handover *s, struct err *e);

/* ---- tether.c -------------------------------------------------------------- */

/* Gives everything up; the loop ends when the last handle is closed. */
void tether_close(struct tether *t);

/* ---- tether-ready.c --------------------------------------------------------------- */

/* Watches the process that waits for the first answer. */
void tether_ready_init(struct tether *t);

/* Answers all clients that wait for `up`; e is NULL when it serves. */
void tether_report_ready(struct tether *t, const struct err *e);

/* Tells the process that started this tether, if it waits still, to ask the successor. */
void tether_report_replaced(struct tether *t);

#endif
