/* control-server: the server's side of a tether's control socket (docs/PROTOCOL.md):
 * one JSON object a line, one request a connection. */
#ifndef DOCKTETHER_TETHER_CONTROL_SERVER_H
#define DOCKTETHER_TETHER_CONTROL_SERVER_H

#include "base/err.h"
#include "base/log.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct control_server;
struct handover;
struct waiting;

struct control_server_owner {
    json_t *(*status)(void *user); /* a new reference */
    /* `up`: an attempt is wanted now. Answered by control_server_answer(). keep: the
     * user asked, so the tether stays even when it is not used. */
    void (*retry)(void *user, bool keep);
    /* `down`: 0, or -1 with the reason why not (streams in use, not force). */
    int (*stop)(void *user, bool force, struct err *e);
    /* `replace`: fills s (handover_init()) with duplicates, which are the caller's, and with
     * the clients that wait. 0, or -1 with the reason why not. After 0 one of the next two is
     * called, also when the server is closed. */
    int (*replace)(void *user, struct handover *s, struct err *e);
    /* The successor has all of it: let go. */
    void (*replaced)(void *user);
    /* The successor is gone and has nothing: go on, with the clients in s, which may be
     * taken out of it. */
    void (*kept)(void *user, struct handover *s);
    /* `stream`: fd is the owner's from here, and so is the answer. */
    void (*stream)(void *user, int fd, const char *host, int64_t port);
    void *user;
};

/* Takes over fd (listening). NULL on failure: fd stays the caller's. */
struct control_server *control_server_new(uv_loop_t *loop, int fd, struct log *log,
                                          const struct control_server_owner *owner);

/* Tells every client that waits for the answer to `up`, now or until it is given, what the
 * tether waits for. */
void control_server_waiting(struct control_server *c, const struct waiting *w);

/* Answers every client that waits for `up`: e is NULL when the tether serves. */
void control_server_answer(struct control_server *c, const struct err *e);

/* Another process listens now: nothing more is accepted, and clients that wait for
 * `up` are answered that the tether serves. When the successor goes away, stop() is
 * called. */
void control_server_retire(struct control_server *c);

/* Ends every connection; clients that wait for `down` see the end of file. */
void control_server_close(struct control_server *c);

#endif
