/* status-query: the status of a tether, asked without waiting, so that many can be
 * asked at once and a slow one does not delay the others. A tether that does not
 * answer has one request of ours waiting, however long that takes. */
#ifndef DOCKTETHER_CONTROL_STATUS_QUERY_H
#define DOCKTETHER_CONTROL_STATUS_QUERY_H

#include "base/err.h"

#include <jansson.h>

struct status_query;

enum status_query_result {
    STATUS_QUERY_FAILED = -1, /* with an error */
    STATUS_QUERY_OPEN,        /* no answer yet */
    STATUS_QUERY_DOWN,        /* no tether of that name runs */
    STATUS_QUERY_ANSWERED,
};

/* NULL when there is no runtime directory. */
struct status_query *status_query_new(const char *name, struct err *e);
void status_query_free(struct status_query *q);

/* Begins, when nothing is under way, or goes on. With an answer *status is a
 * new reference to what docs/PROTOCOL.md describes. After any result but STATUS_QUERY_OPEN
 * the next call asks anew. Never blocks. */
enum status_query_result status_query_step(struct status_query *q, json_t **status, struct err *e);

/* What to poll for reading before the next step; -1: ask again after a
 * moment, as the tether is just starting or has too many clients. */
int status_query_fd(const struct status_query *q);

#endif
