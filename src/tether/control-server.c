#include "tether/control-server.h"

#include "base/mem.h"
#include "control/handover.h"
#include "control/message.h"
#include "relay/listener.h"
#include "store/endpoint.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_MAX 4096
#define REQUEST_MS 5000
#define CLIENTS_MAX 64  /* whose request has not come yet; further ones wait in the kernel's queue */
#define WAITING_MAX 256 /* for the answer to `up` */

struct request {
    uv_poll_t poll;
    uv_timer_t timer;
    int open_handles;
    int fd;
    struct control_server *control;
    char buf[REQUEST_MAX];
    size_t len;
    bool served; /* its request was taken; whatever else comes is dropped */
    bool waits_up;
    struct handover *handover; /* what is being handed over to it; else NULL */
    bool successor;            /* the process that has taken our place */
    bool closing;
    struct request *next;
};

struct control_server {
    uv_loop_t *loop;
    struct listener *listener;
    struct log *log;
    struct control_server_owner owner;
    struct request *requests;
    size_t count;
    size_t unserved;        /* of these */
    size_t up_count;        /* of these: they wait for the answer to `up` */
    struct waiting waiting; /* "": for nothing, see control_server_waiting() */
    bool closing;
};

static void on_handle_closed(uv_handle_t *handle)
{
    struct request *rq = handle->data;
    struct control_server *c = rq->control;

    if (--rq->open_handles > 0)
        return;
    for (struct request **link = &c->requests; *link != NULL; link = &(*link)->next) {
        if (*link == rq) {
            *link = rq->next;
            break;
        }
    }
    c->count--;
    free(rq);
    if (c->closing && c->count == 0)
        free(c);
}

static void request_served(struct request *rq)
{
    if (rq->served)
        return;
    rq->served = true;
    rq->control->unserved--;
    listener_hold(rq->control->listener, false);
}

/* The successor did not take what was offered. */
static void keep_place(struct request *rq)
{
    struct control_server *c = rq->control;
    struct handover *s = rq->handover;

    if (s == NULL)
        return;
    rq->handover = NULL;
    log_warn(c->log, "the process that was to take over did not; this one goes on");
    c->owner.kept(c->owner.user, s);
    handover_clear(s);
    free(s);
}

static void request_close(struct request *rq)
{
    if (rq->closing)
        return;
    rq->closing = true;
    request_served(rq);
    keep_place(rq);
    rq->control->up_count -= rq->waits_up;
    uv_close((uv_handle_t *)&rq->poll, on_handle_closed);
    uv_close((uv_handle_t *)&rq->timer, on_handle_closed);
    if (rq->fd >= 0)
        close(rq->fd);
}

/* Sends the object (its reference is taken) as one line, which fits a fresh
 * socket's buffer. */
static void send_line(struct request *rq, json_t *o)
{
    char *text = o != NULL ? json_dumps(o, JSON_COMPACT) : NULL;

    if (text != NULL) {
        char *line = mem_printf("%s\n", text);
        if (send(rq->fd, line, strlen(line), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
            log_debug(rq->control->log, "control: cannot answer: %s", strerror(errno));
        free(line);
    }
    free(text);
    json_decref(o);
}

/* The same, and ends. */
static void reply(struct request *rq, json_t *o)
{
    send_line(rq, o);
    request_close(rq);
}

static void send_waiting(struct request *rq)
{
    send_line(rq, message_pack_waiting(&rq->control->waiting));
}

static json_t *failure(const char *message)
{
    struct err e = ERR_INIT;

    err_set(&e, ERR_FAILED, "control", "%s", message);
    return json_pack("{s:b,s:o}", "ok", 0, "error", message_pack_err(&e));
}

static void op_status(struct request *rq, const json_t *o)
{
    struct control_server *c = rq->control;

    (void)o;
    reply(rq, json_pack("{s:b,s:o}", "ok", 1, "status", c->owner.status(c->owner.user)));
}

static void op_up(struct request *rq, const json_t *o)
{
    struct control_server *c = rq->control;

    if (c->up_count >= WAITING_MAX) {
        reply(rq, failure("too many clients wait for this tether already"));
        return;
    }
    rq->waits_up = true;
    c->up_count++;
    uv_timer_stop(&rq->timer); /* the tether's own deadlines bound it */
    if (c->waiting.what[0] != '\0')
        send_waiting(rq);
    c->owner.retry(c->owner.user, json_is_true(json_object_get(o, "keep")));
}

static void op_down(struct request *rq, const json_t *o)
{
    struct control_server *c = rq->control;
    struct err e = ERR_INIT;

    /* No answer when it ends: the end of file comes when everything is gone. */
    uv_timer_stop(&rq->timer);
    if (c->owner.stop(c->owner.user, json_is_true(json_object_get(o, "force")), &e) != 0)
        reply(rq, json_pack("{s:b,s:o}", "ok", 0, "error", message_pack_err(&e)));
}

static void on_readable(uv_poll_t *poll, int status, int events);

static void step_handover(struct request *rq)
{
    struct control_server *c = rq->control;
    enum handover_result r = handover_give(rq->fd, rq->handover);

    if (r == HANDOVER_FAILED) {
        request_close(rq);
        return;
    }
    uv_poll_start(&rq->poll, r == HANDOVER_WRITE ? UV_WRITABLE : UV_READABLE, on_readable);
    if (r != HANDOVER_DONE)
        return;
    uv_timer_stop(&rq->timer);
    handover_clear(rq->handover);
    free(rq->handover);
    rq->handover = NULL;
    rq->successor = true;
    c->owner.replaced(c->owner.user);
}

static void on_timeout(uv_timer_t *timer);

static void op_replace(struct request *rq, const json_t *o)
{
    struct control_server *c = rq->control;
    struct handover *s = mem_alloc(sizeof *s);
    struct err e = ERR_INIT;

    (void)o;
    handover_init(s);
    if (c->owner.replace(c->owner.user, s, &e) != 0) {
        handover_clear(s);
        free(s);
        reply(rq, json_pack("{s:b,s:o}", "ok", 0, "error", message_pack_err(&e)));
        return;
    }
    rq->handover = s;
    uv_timer_start(&rq->timer, on_timeout, HANDOVER_MS, 0);
    step_handover(rq);
}

/* Ends the request without its descriptor. */
static int request_release(struct request *rq)
{
    int fd = rq->fd;

    rq->fd = -1;
    request_close(rq);
    return fd;
}

static void op_stream(struct request *rq, const json_t *o)
{
    struct control_server *c = rq->control;
    const char *host = json_string_value(json_object_get(o, "host"));
    json_int_t port = json_integer_value(json_object_get(o, "port"));

    if (host == NULL || !endpoint_host_ok(host) || port < 1 || port > 65535)
        reply(rq, failure("a stream needs a host and a port"));
    else
        c->owner.stream(c->owner.user, request_release(rq), host, port);
}

static const struct {
    const char *name;
    void (*run)(struct request *rq, const json_t *o);
} ops[] = { { "status", op_status },
            { "up", op_up },
            { "down", op_down },
            { "replace", op_replace },
            { "stream", op_stream } };

static void handle_line(struct request *rq)
{
    json_t *o = json_loads(rq->buf, JSON_REJECT_DUPLICATES, NULL);
    const char *op = json_string_value(json_object_get(o, "op"));
    void (*run)(struct request *, const json_t *) = NULL;

    for (size_t i = 0; op != NULL && i < sizeof ops / sizeof *ops; i++)
        if (strcmp(ops[i].name, op) == 0)
            run = ops[i].run;
    if (run != NULL)
        run(rq, o);
    else
        reply(rq, failure("unknown request"));
    json_decref(o);
}

static void gone(struct request *rq)
{
    struct control_server *c = rq->control;
    bool successor = rq->successor;

    request_close(rq);
    if (successor && !c->closing)
        (void)c->owner.stop(c->owner.user, true, NULL);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct request *rq = poll->data;

    (void)events;
    if (rq->handover != NULL && status >= 0) {
        step_handover(rq);
        return;
    }
    ssize_t n = status < 0 ? 0 : recv(rq->fd, rq->buf + rq->len, sizeof rq->buf - 1 - rq->len, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        gone(rq);
        return;
    }
    if (rq->served)
        return;
    rq->len += (size_t)n;
    rq->buf[rq->len] = '\0';
    char *end = memchr(rq->buf, '\n', rq->len);
    if (end != NULL) {
        *end = '\0';
        rq->len = 0;
        request_served(rq);
        handle_line(rq);
    } else if (rq->len == sizeof rq->buf - 1) {
        reply(rq, failure("the request is too long"));
    }
}

static void on_timeout(uv_timer_t *timer)
{
    request_close(timer->data);
}

static void on_accept(void *user, int fd)
{
    struct control_server *c = user;

    struct request *rq = mem_alloc(sizeof *rq);
    rq->control = c;
    rq->fd = fd;
    rq->poll.data = rq->timer.data = rq;
    if (uv_poll_init(c->loop, &rq->poll, fd) != 0) {
        close(fd);
        free(rq);
        return;
    }
    uv_timer_init(c->loop, &rq->timer);
    rq->open_handles = 2;
    rq->next = c->requests;
    c->requests = rq;
    c->count++;
    if (++c->unserved >= CLIENTS_MAX)
        listener_hold(c->listener, true);
    uv_poll_start(&rq->poll, UV_READABLE, on_readable);
    uv_timer_start(&rq->timer, on_timeout, REQUEST_MS, 0);
}

struct control_server *control_server_new(uv_loop_t *loop, int fd, struct log *log,
                                          const struct control_server_owner *owner)
{
    struct control_server *c = mem_alloc(sizeof *c);

    c->loop = loop;
    c->log = log;
    c->owner = *owner;
    c->listener = listener_new(loop, fd, log, on_accept, c);
    if (c->listener != NULL)
        return c;
    free(c);
    return NULL;
}

void control_server_waiting(struct control_server *c, const struct waiting *w)
{
    c->waiting = *w;
    for (struct request *rq = c->requests; rq != NULL; rq = rq->next)
        if (rq->waits_up && !rq->closing)
            send_waiting(rq);
}

void control_server_answer(struct control_server *c, const struct err *e)
{
    c->waiting.what[0] = '\0';
    for (struct request *rq = c->requests; rq != NULL; rq = rq->next) {
        if (!rq->waits_up || rq->closing)
            continue;
        if (e == NULL)
            reply(rq, json_pack("{s:b}", "ok", 1));
        else
            reply(rq, json_pack("{s:b,s:o}", "ok", 0, "error", message_pack_err(e)));
    }
}

void control_server_retire(struct control_server *c)
{
    if (c == NULL)
        return;
    listener_close(c->listener);
    c->listener = NULL;
    control_server_answer(c, NULL);
}

void control_server_close(struct control_server *c)
{
    if (c == NULL)
        return;
    c->closing = true;
    listener_close(c->listener);
    c->listener = NULL; /* a request that ends would let it go on */
    for (struct request *rq = c->requests; rq != NULL; rq = rq->next)
        request_close(rq);
    if (c->count == 0)
        free(c);
}
