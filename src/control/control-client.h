/* control-client: one request to a tether's control socket, from outside. */
#ifndef DOCKTETHER_CONTROL_CONTROL_CLIENT_H
#define DOCKTETHER_CONTROL_CONTROL_CLIENT_H

#include "base/err.h"
#include "store/runtime.h"

#include <jansson.h>
#include <stdint.h>
#include <sys/types.h>

/* Sends the request ({"op":...}, whose reference is taken) and waits for the
 * answer: a new reference, when its "ok" is true. NULL and the
 * tether's own error when it is not, or an error of ours (no answer within
 * timeout_ms, not reachable, end of file: layer "control"). */
json_t *control_client_ask(const struct runtime *rt, json_t *request, int64_t timeout_ms, struct err *e);

/* A request that is only a word. */
json_t *control_client_op(const char *op);

/* Sends it on a new connection, whose descriptor is returned (the caller's); -1
 * and an error (layer "control"). */
int control_client_open(const struct runtime *rt, json_t *request, struct err *e);

/* recv() that stops after a newline: what follows belongs to the next line, or is a stream. */
ssize_t control_client_receive(int fd, char *buf, size_t size);

/* One line of JSON from fd, at most 64 KB, and no byte more. NULL and an error (layer
 * "control") on timeout, end of file or nonsense. */
json_t *control_client_read_line(int fd, int64_t timeout_ms, struct err *e);

#endif
