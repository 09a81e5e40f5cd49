/* refusal: answering a local connection that cannot be served with an HTTP
 * 503 whose JSON "message" is our error, so that the client itself prints it. */
#ifndef DOCKTETHER_RELAY_HTTP503_H
#define DOCKTETHER_RELAY_HTTP503_H

#include <uv.h>

struct refusal;

/* Called once, at the end; the refusal is freed afterwards. */
typedef void (*refusal_done_fn)(void *user, struct refusal *f);

/* Takes over fd, in any case. The client is given a moment to send its request
 * (a HEAD gets no body), then the answer, and what it still sends is read and
 * dropped so that the answer reaches it. Ends within four seconds. NULL when
 * no handle can be had: fd is closed then and done is not called. */
struct refusal *refusal_start(uv_loop_t *loop, int fd, const char *message, refusal_done_fn done, void *user);

/* Ends it now. */
void refusal_close(struct refusal *f);

#endif
