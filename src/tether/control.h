/* control: the server's side of a tether's control socket (docs/PROTOCOL.md):
 * one JSON object a line, one request a connection. */
#ifndef DOCKTETHER_TETHER_CONTROL_H
#define DOCKTETHER_TETHER_CONTROL_H

#include "base/err.h"
#include "base/log.h"

#include <jansson.h>
#include <uv.h>

struct control;

struct control_owner {
    json_t *(*status)(void *user); /* a new reference */
    /* `up`: an attempt is wanted now. Answered by control_settle(). */
    void (*retry)(void *user);
    void (*stop)(void *user);
    void *user;
};

/* Takes over fd (listening). NULL on failure: fd stays the caller's. */
struct control *control_new(uv_loop_t *loop, int fd, struct log *log, const struct control_owner *owner);

/* Answers everybody who waits for an `up`: e is NULL when the tether serves. */
void control_settle(struct control *c, const struct err *e);

/* Ends every connection; those that wait for `down` see the end of file. */
void control_close(struct control *c);

/* {"code":..,"layer":..,"message":..,"hint":..}, and back. */
json_t *control_pack_err(const struct err *e);
void control_unpack_err(const json_t *o, struct err *e);

#endif
