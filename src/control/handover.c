#include "control/handover.h"

#include "base/time.h"
#include "control/control-client.h"
#include "control/message.h"

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_MS 5000
#define ROOM_MS 1000
#define FIRST_FDS 2 /* with the answer: the lock, and the socket if there is one */
/* With each message. The kernel's queue has room for some 270 messages, whatever
 * they carry; Linux lets one carry 253 descriptors, others fewer. */
#define FDS_MAX 64

/* What follows the answer. Their number is told by nobody: what cannot be sent
 * must not be waited for. */
#define KIND_END "e"
#define KIND_HELD "h"
#define KIND_ALL "." /* carries none: there are no more */

union fd_space {
    struct cmsghdr header; /* for its alignment */
    char bytes[CMSG_SPACE(FDS_MAX * sizeof(int))];
};

static void drop(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void handover_clear(struct handover *s)
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

/* Waits for room: the successor reads all the time. */
static bool send_message(int conn, const struct msghdr *m, struct deadline d)
{
    struct pollfd p = { .fd = conn, .events = POLLOUT };

    for (;;) {
        if (sendmsg(conn, m, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)m->msg_iov->iov_len)
            return true;
        if (errno != EAGAIN && errno != EINTR)
            return false;
        int rc = poll(&p, 1, deadline_left(d));
        if (rc == 0 || (rc < 0 && errno != EINTR))
            return false;
    }
}

/* At most FDS_MAX of them. */
static bool send_fds(int conn, const char *text, const int *fds, size_t count, struct deadline d)
{
    struct iovec iov = { .iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text) };
    union fd_space space;
    struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

    if (count == 0)
        return send_message(conn, &m, d);
    memset(&space, 0, sizeof space);
    m.msg_control = space.bytes;
    m.msg_controllen = CMSG_SPACE(count * sizeof(int));
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(count * sizeof(int));
    memcpy(CMSG_DATA(c), fds, count * sizeof(int));
    return send_message(conn, &m, d);
}

/* How many of them were sent. */
static size_t send_many(int conn, const char *kind, const int *fds, size_t count, struct deadline d)
{
    size_t sent = 0;

    while (sent < count) {
        size_t n = count - sent < FDS_MAX ? count - sent : FDS_MAX;
        if (!send_fds(conn, kind, fds + sent, n, d))
            break;
        sent += n;
    }
    return sent;
}

int handover_send(int fd, struct handover *s, size_t *lost)
{
    const struct deadline d = deadline_in(ROOM_MS);
    const int first[FIRST_FDS] = { s->lock, s->sock };
    size_t sent = 0;

    bool given = send_fds(fd, "{\"ok\":true}\n", first, s->sock >= 0 ? 2 : 1, d);
    if (given) {
        send_many(fd, KIND_END, s->ends, s->ends_count, d);
        sent = send_many(fd, KIND_HELD, s->held, s->held_count, d);
        send_fds(fd, KIND_ALL, NULL, 0, d);
    }
    *lost = s->held_count - sent;
    handover_clear(s);
    return given ? 0 : -1;
}

/* ---- the new process ------------------------------------------------------- */

/* What one message carries, at most `size` bytes of text; the number of
 * descriptors, or -1. */
static int receive_fds(int conn, char *text, size_t size, int fds[FDS_MAX], struct deadline d)
{
    struct iovec iov = { .iov_base = text, .iov_len = size - 1 };
    union fd_space space;
    struct msghdr m = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = space.bytes, .msg_controllen = sizeof space.bytes
    };
    struct pollfd p = { .fd = conn, .events = POLLIN };
    size_t count = 0;
    int rc;

    while ((rc = poll(&p, 1, deadline_left(d))) < 0 && errno == EINTR)
        continue;
    ssize_t n = rc > 0 ? recvmsg(conn, &m, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) : -1;
    if (n <= 0)
        return -1;
    text[n] = '\0';
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c != NULL; c = CMSG_NXTHDR(&m, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        size_t more = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        memcpy(fds + count, CMSG_DATA(c), more * sizeof(int));
        count += more;
    }
    return (int)count;
}

/* Whether the tether hands over: 0, or -1 with the error. */
static int read_answer(const char *line, struct err *e)
{
    json_t *o = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
    int rc = json_is_true(json_object_get(o, "ok")) ? 0 : -1;

    if (rc != 0 && json_is_object(json_object_get(o, "error")))
        message_unpack_err(json_object_get(o, "error"), e);
    else if (rc != 0)
        err_set(e, ERR_FAILED, "control", "the tether that runs gives no answer that makes sense");
    json_decref(o);
    return rc;
}

static void put(int *fds, size_t *count, size_t max, int fd)
{
    if (*count < max)
        fds[(*count)++] = fd;
    else
        close(fd);
}

/* One message of those that follow the answer; false when it was the last. A
 * process with too few descriptors left gets fewer than were sent. */
static bool take_more(int conn, struct handover *s, struct deadline d)
{
    char kind[2];
    int fds[FDS_MAX];
    int count = receive_fds(conn, kind, sizeof kind, fds, d);

    for (int i = 0; i < count; i++) {
        if (strcmp(kind, KIND_HELD) == 0)
            put(s->held, &s->held_count, HANDOVER_HELD_MAX, fds[i]);
        else if (strcmp(kind, KIND_END) == 0)
            put(s->ends, &s->ends_count, HANDOVER_ENDS_MAX - 1, fds[i]);
        else
            close(fds[i]);
    }
    return count >= 0 && strcmp(kind, KIND_ALL) != 0;
}

static int take_answer(int conn, struct handover *s, struct deadline d, struct err *e)
{
    char line[4096];
    int fds[FDS_MAX];
    int count = receive_fds(conn, line, sizeof line, fds, d);

    if (count < 0)
        return err_set(e, ERR_FAILED, "control", "the tether that runs does not answer");
    s->lock = count > 0 ? fds[0] : -1;
    s->sock = count > 1 ? fds[1] : -1;
    for (int i = FIRST_FDS; i < count; i++)
        close(fds[i]);
    if (read_answer(line, e) != 0)
        return -1;
    if (s->lock < 0)
        return err_set(e, ERR_FAILED, "control", "the tether that runs gave nothing away");
    return 0;
}

int handover_take(const struct runtime *rt, struct handover *s, struct err *e)
{
    struct deadline d = deadline_in(ANSWER_MS);

    memset(s, 0, sizeof *s);
    s->lock = s->sock = -1;
    int conn = control_client_open(rt, control_client_op("replace"), e);
    if (conn < 0)
        return -1;
    if (take_answer(conn, s, d, e) != 0) {
        handover_clear(s);
        close(conn);
        return -1;
    }
    while (take_more(conn, s, d))
        continue;
    s->ends[s->ends_count++] = conn;
    return 0;
}
