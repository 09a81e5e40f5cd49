#include "relay/http503.h"

#include "base/mem.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_MS 500 /* for the request to arrive */
#define DRAIN_MS 3000  /* for the client to read the answer and go */

struct http503 {
    uv_poll_t poll;
    uv_timer_t timer;
    int open_handles;
    int fd;
    char *message;
    bool closing;
    http503_done_fn done;
    void *user;
};

static void on_closed(uv_handle_t *handle)
{
    struct http503 *h = handle->data;

    if (--h->open_handles > 0)
        return;
    h->done(h->user, h);
    free(h->message);
    free(h);
}

void http503_close(struct http503 *h)
{
    if (h->closing)
        return;
    h->closing = true;
    uv_close((uv_handle_t *)&h->poll, on_closed);
    uv_close((uv_handle_t *)&h->timer, on_closed);
    close(h->fd);
}

static void on_over(uv_timer_t *timer)
{
    http503_close(timer->data);
}

static char *body_of(const char *message)
{
    json_t *o = json_pack("{s:s}", "message", message);
    char *text = o != NULL ? json_dumps(o, JSON_COMPACT) : NULL;

    json_decref(o);
    char *body = mem_printf("%s\n", text != NULL ? text : "{\"message\":\"docktether cannot serve\"}");
    free(text);
    return body;
}

/* What the client sends from now on is dropped, until it closes. */
static void on_drain(uv_poll_t *poll, int status, int events)
{
    struct http503 *h = poll->data;
    char sink[16384];

    (void)events;
    for (int i = 0; i < 16; i++) {
        ssize_t n = status < 0 ? 0 : recv(h->fd, sink, sizeof sink, MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
            return;
        if (n <= 0) {
            http503_close(h);
            return;
        }
    }
}

/* GET [/v1.45]/exec/ID/json: what `docker exec` asks when its stream has ended. */
static bool asks_for_exit_status(const char *request)
{
    char path[200];

    if (sscanf(request, "GET %199s", path) != 1)
        return false;
    const char *exec = strstr(path, "/exec/");
    if (exec == NULL || strspn(path, "/v0123456789.") < (size_t)(exec - path))
        return false;
    const char *id = exec + strlen("/exec/");
    return strcmp(id + strcspn(id, "/"), "/json") == 0;
}

static void answer(struct http503 *h)
{
    char start[256] = "";

    (void)recv(h->fd, start, sizeof start - 1, MSG_PEEK | MSG_DONTWAIT);
    /* Docker's CLI ends with 255 only when it cannot connect to ask, and with 1, which may
     * be the command's own status, for every answer. What is unread makes it a reset. */
    if (asks_for_exit_status(start)) {
        http503_close(h);
        return;
    }
    bool head = strncmp(start, "HEAD ", 5) == 0;
    char *body = body_of(h->message);
    char *reply = mem_printf("HTTP/1.1 503 Service Unavailable\r\n"
                             "Content-Type: application/json\r\n"
                             "Content-Length: %zu\r\n"
                             "Server: docktether/" PACKAGE_VERSION "\r\n"
                             "Connection: close\r\n\r\n%s",
                             strlen(body), head ? "" : body);

    /* A fresh unix socket takes a kilobyte whole. */
    if (send(h->fd, reply, strlen(reply), MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
        http503_close(h);
    } else {
        (void)shutdown(h->fd, SHUT_WR);
        uv_poll_start(&h->poll, UV_READABLE, on_drain);
        uv_timer_start(&h->timer, on_over, DRAIN_MS, 0);
    }
    free(reply);
    free(body);
}

static void on_request(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    answer(poll->data);
}

static void on_no_request(uv_timer_t *timer)
{
    answer(timer->data);
}

struct http503 *http503_start(uv_loop_t *loop, int fd, const char *message, http503_done_fn done, void *user)
{
    struct http503 *h = mem_alloc(sizeof *h);

    h->fd = fd;
    h->done = done;
    h->user = user;
    h->poll.data = h->timer.data = h;
    if (uv_poll_init(loop, &h->poll, fd) != 0) {
        close(fd);
        free(h);
        return NULL;
    }
    uv_timer_init(loop, &h->timer);
    h->open_handles = 2;
    h->message = mem_strdup(message);
    uv_poll_start(&h->poll, UV_READABLE, on_request);
    uv_timer_start(&h->timer, on_no_request, REQUEST_MS, 0);
    return h;
}
