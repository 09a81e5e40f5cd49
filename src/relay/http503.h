/* http503: answering a local connection that cannot be served with an HTTP
 * 503 whose JSON "message" is our error, so that the client itself prints it. */
#ifndef DOCKTETHER_RELAY_HTTP503_H
#define DOCKTETHER_RELAY_HTTP503_H

#include <uv.h>

struct http503;

/* Called once, at the end; the refusal is freed afterwards. */
typedef void (*http503_done_fn)(void *user, struct http503 *h);

/* Takes over fd, in any case. The client is given a moment to send its request
 * (a HEAD gets no body), then the answer, and what it still sends is read and
 * dropped so that the answer reaches it. One that asks for the exit status of an
 * exec is reset instead, which its CLI takes for an engine that has gone. Ends within four seconds. NULL when
 * no handle can be had: fd is closed then and done is not called. */
struct http503 *http503_start(uv_loop_t *loop, int fd, const char *message, http503_done_fn done, void *user);

/* Ends it now. */
void http503_close(struct http503 *h);

#endif
