#include "tether/succession.h"

#include "base/time.h"
#include "tether/call.h"
#include "tether/control.h"

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_MS 5000
#define FIRST_FDS 2 /* with the answer: the lock, and the socket if there is one */

union fd_space {
    struct cmsghdr header; /* for its alignment */
    char bytes[CMSG_SPACE(FIRST_FDS * sizeof(int))];
};

static void drop(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void succession_clear(struct succession *s)
{
    drop(&s->lock);
    drop(&s->sock);
    for (size_t i = 0; i < s->held_count; i++)
        drop(&s->held[i]);
    for (size_t i = 0; i < s->ends_count; i++)
        drop(&s->ends[i]);
    s->held_count = s->ends_count = 0;
}

/* ---- the old process ------------------------------------------------------- */

static int send_fds(int conn, const char *text, const int *fds, size_t count)
{
    struct iovec iov = { .iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text) };
    union fd_space space;
    struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

    memset(&space, 0, sizeof space);
    m.msg_control = space.bytes;
    m.msg_controllen = CMSG_SPACE(count * sizeof(int));
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(count * sizeof(int));
    memcpy(CMSG_DATA(c), fds, count * sizeof(int));
    return sendmsg(conn, &m, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)iov.iov_len ? 0 : -1;
}

int succession_send(int fd, struct succession *s)
{
    const int first[FIRST_FDS] = { s->lock, s->sock };
    char line[80];

    snprintf(line, sizeof line, "{\"ok\":true,\"held\":%zu,\"ends\":%zu}\n", s->held_count, s->ends_count);
    int rc = send_fds(fd, line, first, s->sock >= 0 ? 2 : 1);
    bool room = rc == 0;
    for (size_t i = 0; room && i < s->ends_count; i++)
        room = send_fds(fd, "e", &s->ends[i], 1) == 0;
    for (size_t i = 0; room && i < s->held_count; i++)
        room = send_fds(fd, "h", &s->held[i], 1) == 0;
    succession_clear(s);
    return rc;
}

/* ---- the new process ------------------------------------------------------- */

/* What one message carries, at most `size` bytes of text; the number of
 * descriptors, or -1. */
static int receive_fds(int conn, char *text, size_t size, int fds[FIRST_FDS], struct deadline d)
{
    struct iovec iov = { .iov_base = text, .iov_len = size - 1 };
    union fd_space space;
    struct msghdr m = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = space.bytes, .msg_controllen = sizeof space.bytes
    };
    struct pollfd p = { .fd = conn, .events = POLLIN };
    int count = 0, rc;

    while ((rc = poll(&p, 1, deadline_left(d))) < 0 && errno == EINTR)
        continue;
    ssize_t n = rc > 0 ? recvmsg(conn, &m, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) : -1;
    if (n <= 0)
        return -1;
    text[n] = '\0';
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c != NULL; c = CMSG_NXTHDR(&m, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        count = (int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        memcpy(fds, CMSG_DATA(c), (size_t)count * sizeof(int));
    }
    return count;
}

/* How many descriptors follow; -1 with the error. */
static json_int_t read_answer(const char *line, struct err *e)
{
    json_t *o = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
    json_int_t more = -1;

    if (json_is_true(json_object_get(o, "ok")))
        more =
            json_integer_value(json_object_get(o, "held")) + json_integer_value(json_object_get(o, "ends"));
    else if (json_is_object(json_object_get(o, "error")))
        control_unpack_err(json_object_get(o, "error"), e);
    else
        err_set(e, ERR_FAILED, "control", "the tether that runs gives no answer that makes sense");
    json_decref(o);
    return more;
}

/* One descriptor of those that follow the answer. */
static int take_one(int conn, struct succession *s, struct deadline d)
{
    char kind[2];
    int fds[FIRST_FDS] = { -1, -1 };

    if (receive_fds(conn, kind, sizeof kind, fds, d) != 1)
        return -1;
    if (kind[0] == 'h' && s->held_count < SUCCESSION_HELD_MAX)
        s->held[s->held_count++] = fds[0];
    else if (kind[0] == 'e' && s->ends_count < SUCCESSION_ENDS_MAX - 1)
        s->ends[s->ends_count++] = fds[0];
    else
        close(fds[0]);
    return 0;
}

int succession_take(const struct runtime *rt, struct succession *s, struct err *e)
{
    struct deadline d = deadline_in(ANSWER_MS);
    char line[4096];
    int fds[FIRST_FDS] = { -1, -1 };

    memset(s, 0, sizeof *s);
    s->lock = s->sock = -1;
    int conn = call_open(rt, call_op("replace"), e);
    if (conn < 0)
        return -1;
    int count = receive_fds(conn, line, sizeof line, fds, d);
    s->lock = count > 0 ? fds[0] : -1;
    s->sock = count > 1 ? fds[1] : -1;
    json_int_t more = -1;
    if (count < 0)
        err_set(e, ERR_FAILED, "control", "the tether that runs does not answer");
    else
        more = read_answer(line, e);
    if (more >= 0 && s->lock < 0) {
        err_set(e, ERR_FAILED, "control", "the tether that runs gave nothing away");
        more = -1;
    }
    if (more < 0) {
        succession_clear(s);
        close(conn);
        return -1;
    }
    while (more-- > 0 && take_one(conn, s, d) == 0)
        continue;
    s->ends[s->ends_count++] = conn;
    return 0;
}
