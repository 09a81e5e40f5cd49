#include "control/control-client.h"

#include "base/mem.h"
#include "base/time.h"
#include "base/unixsock.h"
#include "control/lock.h"
#include "control/message.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINE_MAX_BYTES (64 * 1024)
#define APPEAR_MS 5000 /* for the control socket of a tether that is starting */
#define RETRY_MS 10

/* The tether holds the lock a moment before its control socket is there, in
 * place of what a killed one may have left. */
static bool is_starting(const struct runtime *rt, int error)
{
    pid_t pid;

    return (error == ENOENT || error == ECONNREFUSED) && lock_is_held(rt, &pid);
}

static int connect_control(const struct runtime *rt, struct deadline d, struct err *e)
{
    for (;;) {
        int fd = unixsock_connect(rt->ctl, d);
        if (fd >= 0)
            return fd;
        int error = errno;
        if (deadline_left(d) == 0 || !is_starting(rt, error)) {
            errno = error;
            return err_set_errno(e, ERR_FAILED, "control", "cannot reach the tether at %s", rt->ctl);
        }
        poll(NULL, 0, RETRY_MS);
    }
}

ssize_t control_client_receive(int fd, char *buf, size_t size)
{
    ssize_t n = recv(fd, buf, size, MSG_PEEK);
    if (n <= 0)
        return n;
    const char *end = memchr(buf, '\n', (size_t)n);
    return recv(fd, buf, end != NULL ? (size_t)(end - buf) + 1 : (size_t)n, 0);
}

/* Reads up to a newline; the length, or -1. */
static ssize_t read_line(int fd, char *buf, size_t size, struct deadline d, struct err *e)
{
    size_t len = 0;

    for (;;) {
        struct pollfd p = { .fd = fd, .events = POLLIN };
        int ready = poll(&p, 1, deadline_left(d));
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready <= 0)
            return err_set(e, ERR_FAILED, "control", "the tether does not answer");
        ssize_t n = control_client_receive(fd, buf + len, size - 1 - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return err_set(e, ERR_FAILED, "control", "the tether ended without an answer");
        len += (size_t)n;
        buf[len] = '\0';
        char *end = memchr(buf, '\n', len);
        if (end != NULL) {
            *end = '\0';
            return end - buf;
        }
        if (len == size - 1)
            return err_set(e, ERR_FAILED, "control", "the tether's answer is too long");
    }
}

json_t *control_client_read_line(int fd, int64_t timeout_ms, struct err *e)
{
    char *buf = mem_alloc(LINE_MAX_BYTES);
    json_t *o = NULL;

    if (read_line(fd, buf, LINE_MAX_BYTES, deadline_in(timeout_ms), e) >= 0) {
        o = json_loads(buf, JSON_REJECT_DUPLICATES, NULL);
        if (!json_is_object(o)) {
            json_decref(o);
            o = NULL;
            err_set(e, ERR_FAILED, "control", "the tether's answer is no JSON object");
        }
    }
    free(buf);
    return o;
}

json_t *control_client_op(const char *op)
{
    return json_pack("{s:s}", "op", op);
}

static int open_until(const struct runtime *rt, json_t *request, struct deadline d, struct err *e)
{
    char *text = json_dumps(request, JSON_COMPACT);
    char *line = mem_printf("%s\n", text != NULL ? text : "{}");

    json_decref(request);
    free(text);
    int fd = connect_control(rt, d, e);
    if (fd >= 0 && send(fd, line, strlen(line), MSG_NOSIGNAL) != (ssize_t)strlen(line)) {
        err_set_errno(e, ERR_FAILED, "control", "cannot write to the tether");
        close(fd);
        fd = -1;
    }
    free(line);
    return fd;
}

int control_client_open(const struct runtime *rt, json_t *request, struct err *e)
{
    return open_until(rt, request, deadline_in(APPEAR_MS), e);
}

json_t *control_client_ask(const struct runtime *rt, json_t *request, int64_t timeout_ms, struct err *e)
{
    int fd = open_until(rt, request, deadline_in(timeout_ms < APPEAR_MS ? timeout_ms : APPEAR_MS), e);
    if (fd < 0)
        return NULL;
    json_t *answer = control_client_read_line(fd, timeout_ms, e);
    if (answer != NULL && !json_is_true(json_object_get(answer, "ok"))) {
        message_unpack_err(json_object_get(answer, "error"), e);
        json_decref(answer);
        answer = NULL;
    }
    close(fd);
    return answer;
}
