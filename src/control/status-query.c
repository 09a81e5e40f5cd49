#include "control/status-query.h"

#include "base/mem.h"
#include "base/unixsock.h"
#include "control/lock.h"
#include "control/message.h"
#include "store/runtime.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_MAX (64 * 1024)

struct status_query {
    struct runtime rt;
    int fd;    /* -1: nothing was asked yet */
    char *buf; /* while something was */
    size_t len;
};

struct status_query *status_query_new(const char *name, struct err *e)
{
    struct status_query *q = mem_alloc(sizeof *q);

    q->fd = -1;
    if (runtime_init(&q->rt, name, e) == 0)
        return q;
    free(q);
    return NULL;
}

static void drop(struct status_query *q)
{
    if (q->fd >= 0)
        close(q->fd);
    free(q->buf);
    q->fd = -1;
    q->buf = NULL;
    q->len = 0;
}

void status_query_free(struct status_query *q)
{
    if (q == NULL)
        return;
    drop(q);
    runtime_clear(&q->rt);
    free(q);
}

int status_query_fd(const struct status_query *q)
{
    return q->fd;
}

/* The tether begins or ends, or cannot take one more now. */
static bool passing(int error)
{
    return error == ENOENT || error == ECONNREFUSED || error == EAGAIN || error == ECONNRESET ||
           error == EPIPE;
}

static enum status_query_result begin(struct status_query *q, struct err *e)
{
    static const char line[] = "{\"op\":\"status\"}\n";
    pid_t pid;

    if (!lock_is_held(&q->rt, &pid))
        return STATUS_QUERY_DOWN;
    q->fd = unixsock_try_connect(q->rt.ctl);
    if (q->fd >= 0 && send(q->fd, line, sizeof line - 1, MSG_NOSIGNAL) == (ssize_t)sizeof line - 1) {
        q->buf = mem_alloc(ANSWER_MAX);
        return STATUS_QUERY_OPEN;
    }
    bool passes = passing(errno);
    err_set_errno(e, ERR_FAILED, "control", "cannot reach the tether at %s", q->rt.ctl);
    drop(q);
    if (!passes)
        return STATUS_QUERY_FAILED;
    err_clear(e);
    return STATUS_QUERY_OPEN;
}

static enum status_query_result read_answer(struct status_query *q, json_t **status, struct err *e)
{
    json_t *o = json_loads(q->buf, JSON_REJECT_DUPLICATES, NULL);

    *status = json_incref(json_object_get(o, "status"));
    if (json_is_object(json_object_get(o, "error")))
        message_unpack_err(json_object_get(o, "error"), e);
    else if (!json_is_object(*status))
        err_set(e, ERR_FAILED, "control", "the tether's answer has no status");
    json_decref(o);
    if (json_is_object(*status))
        return STATUS_QUERY_ANSWERED;
    json_decref(*status);
    *status = NULL;
    return STATUS_QUERY_FAILED;
}

static enum status_query_result receive(struct status_query *q, json_t **status, struct err *e)
{
    ssize_t n = recv(q->fd, q->buf + q->len, ANSWER_MAX - 1 - q->len, MSG_DONTWAIT);
    enum status_query_result r = STATUS_QUERY_OPEN;
    pid_t pid;

    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return STATUS_QUERY_OPEN;
    q->len += n > 0 ? (size_t)n : 0;
    q->buf[q->len] = '\0';
    char *end = strchr(q->buf, '\n');
    if (end != NULL) {
        *end = '\0';
        r = read_answer(q, status, e);
    } else if (n <= 0) {
        /* Closed without an answer: the tether ended, or this process has to ask again. */
        r = lock_is_held(&q->rt, &pid) ? STATUS_QUERY_OPEN : STATUS_QUERY_DOWN;
    } else if (q->len == ANSWER_MAX - 1) {
        err_set(e, ERR_FAILED, "control", "the tether's answer is too long");
        r = STATUS_QUERY_FAILED;
    } else {
        return STATUS_QUERY_OPEN;
    }
    drop(q);
    return r;
}

enum status_query_result status_query_step(struct status_query *q, json_t **status, struct err *e)
{
    *status = NULL;
    return q->fd < 0 ? begin(q, e) : receive(q, status, e);
}
