/* reject: telling local connections why they are not served, in words that
 * they understand: HTTP for clients of Docker, a line of the control protocol
 * for who wants a stream. */
#ifndef DOCKTETHER_RELAY_REJECT_H
#define DOCKTETHER_RELAY_REJECT_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct reject {
    uv_loop_t *loop;
    const char *name;            /* of the profile */
    void (*emptied)(void *user); /* nobody is being answered any more */
    void *user;
    uint64_t total;
    struct http503 **items; /* under way */
    size_t count;
};

/* Takes over fd; -1 is nobody. */
void reject_client(struct reject *r, int fd, bool stream, const struct err *e);

/* Ends all of them; emptied() follows, unless there are none. */
void reject_close(struct reject *r);

void reject_clear(struct reject *r);

#endif
