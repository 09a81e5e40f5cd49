#include "control/handover.h"

#include "control/control-client.h"
#include "control/message.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER "{\"ok\":true}\n" /* with the socket, if there is one */

/* With each message. The kernel's queue has room for some 270 messages, whatever
 * they carry; Linux lets one carry 253 descriptors, others fewer. */
#define FDS_MAX 64

/* What follows the answer. No count is sent: the last message says that all came. */
#define KIND_END 'e'
#define KIND_HELD 'h'
#define KIND_ALL '.'  /* carries none: there are no more */
#define KIND_LOCK 'l' /* after the acknowledgement: the lock, and with it the place */

#define ACKNOWLEDGED 'k' /* the successor's only byte */

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

void handover_init(struct handover *s)
{
    memset(s, 0, sizeof *s);
    s->lock = s->sock = -1;
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

struct part {
    const char *text;
    size_t len;
    const int *fds;
    size_t count; /* at most FDS_MAX */
};

/* Sends it whole: 1; 0 when there is no room; -1 when the successor is gone. */
static int send_part(int conn, const struct part *part)
{
    struct iovec iov = { .iov_base = (void *)(uintptr_t)part->text, .iov_len = part->len };
    union fd_space space;
    struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

    if (part->count > 0) {
        memset(&space, 0, sizeof space);
        m.msg_control = space.bytes;
        m.msg_controllen = CMSG_SPACE(part->count * sizeof(int));
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(part->count * sizeof(int));
        memcpy(CMSG_DATA(c), part->fds, part->count * sizeof(int));
    }
    for (;;) {
        ssize_t n = sendmsg(conn, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n == (ssize_t)part->len)
            return 1;
        if (n < 0 && errno == EINTR)
            continue;
        return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? 0 : -1;
    }
}

/* The part that begins at descriptor number *at of a list, which it moves on; false
 * when *index lies beyond that list. */
static bool part_of(struct part *part, const char *kind, const int *fds, size_t count, size_t *index)
{
    size_t parts = (count + FDS_MAX - 1) / FDS_MAX, at = *index * FDS_MAX;

    if (*index >= parts) {
        *index -= parts;
        return false;
    }
    *part = (struct part){ kind, 1, fds + at, count - at < FDS_MAX ? count - at : FDS_MAX };
    return true;
}

/* Number `index` of what comes before the acknowledgement; false when there are no more. */
static bool part_at(const struct handover *s, size_t index, struct part *part)
{
    static const char end[] = { KIND_END }, held[] = { KIND_HELD }, all[] = { KIND_ALL };

    if (index == 0) {
        *part = (struct part){ ANSWER, strlen(ANSWER), &s->sock, s->sock >= 0 };
        return true;
    }
    index--;
    if (part_of(part, end, s->ends, s->ends_count, &index) ||
        part_of(part, held, s->held, s->held_count, &index))
        return true;
    *part = (struct part){ all, 1, NULL, 0 };
    return index == 0;
}

/* 1; 0 when it has not come yet; -1 when it will not. */
static int take_acknowledgement(int conn)
{
    char byte;
    ssize_t n = recv(conn, &byte, 1, MSG_DONTWAIT);

    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return 0;
    return n == 1 && byte == ACKNOWLEDGED ? 1 : -1;
}

enum handover_result handover_give(int fd, struct handover *s)
{
    static const char lock[] = { KIND_LOCK };
    const struct part last = { lock, 1, &s->lock, 1 };
    struct part part;
    int rc = 1;

    while (part_at(s, s->sent, &part) && (rc = send_part(fd, &part)) > 0)
        s->sent++;
    if (rc <= 0)
        return rc == 0 ? HANDOVER_WRITE : HANDOVER_FAILED;
    rc = take_acknowledgement(fd);
    if (rc <= 0)
        return rc == 0 ? HANDOVER_READ : HANDOVER_FAILED;
    /* A successor that has given up reads no more, and this fails. It fits: everything
     * before it was read. */
    return send_part(fd, &last) > 0 ? HANDOVER_DONE : HANDOVER_FAILED;
}

/* ---- the new process ------------------------------------------------------- */

/* 0, or -1 at the deadline. */
static int await(int conn, struct deadline d)
{
    struct pollfd p = { .fd = conn, .events = POLLIN };
    int rc;

    while ((rc = poll(&p, 1, deadline_left(d))) < 0 && errno == EINTR)
        continue;
    return rc > 0 ? 0 : -1;
}

static int close_all(const int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++)
        close(fds[i]);
    return -1;
}

/* What one message that has come carries, with at most size - 1 bytes of text; the number
 * of descriptors, or -1: none came, or this process has no room for all of them. */
static int receive_fds(int conn, char *text, size_t size, int fds[FDS_MAX])
{
    struct iovec iov = { .iov_base = text, .iov_len = size - 1 };
    union fd_space space;
    struct msghdr m = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = space.bytes, .msg_controllen = sizeof space.bytes
    };
    size_t count = 0;

    ssize_t n = recvmsg(conn, &m, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (n == 0)
        errno = 0;
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
    /* The kernel has closed those that did not fit: a client would be lost. */
    if (m.msg_flags & MSG_CTRUNC) {
        errno = EMFILE;
        return close_all(fds, count);
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
        err_set(e, ERR_FAILED, "control", "the tether that runs gave an answer that makes no sense");
    json_decref(o);
    return rc;
}

static int not_received(struct err *e)
{
    return errno == EMFILE
               ? err_set(e, ERR_FAILED, "control", "too few descriptors are left for what is handed over")
               : err_set(e, ERR_FAILED, "control", "the tether that runs did not hand over");
}

/* The length of the line that has come, with its newline and at most size - 1; 0: none. */
static size_t line_length(int conn, char *buf, size_t size)
{
    ssize_t n = recv(conn, buf, size - 1, MSG_PEEK | MSG_DONTWAIT);
    const char *end = n > 0 ? memchr(buf, '\n', (size_t)n) : NULL;

    return end != NULL ? (size_t)(end - buf) + 1 : 0;
}

static int take_answer(int conn, struct handover *s, struct err *e)
{
    char line[4096];
    int fds[FDS_MAX], count = -1;

    /* Not a byte more: a message without descriptors is glued to what follows it. */
    errno = 0;
    size_t len = line_length(conn, line, sizeof line);
    if (len > 0)
        count = receive_fds(conn, line, len + 1, fds);

    if (count < 0)
        return not_received(e);
    if (count == 1)
        s->sock = fds[0];
    else
        close_all(fds, (size_t)count);
    return read_answer(line, e);
}

static int put(int *to, size_t *to_count, size_t max, const int *fds, size_t count)
{
    if (*to_count + count > max)
        return close_all(fds, count);
    memcpy(to + *to_count, fds, count * sizeof *fds);
    *to_count += count;
    return 0;
}

/* One message of those that follow the answer: 1 when it was the last, -1 with an error. */
static int take_more(int conn, struct handover *s, struct err *e)
{
    char kind[2];
    int fds[FDS_MAX];
    int count = receive_fds(conn, kind, sizeof kind, fds);

    if (count < 0)
        return not_received(e);
    if (kind[0] == KIND_HELD && put(s->held, &s->held_count, HANDOVER_HELD_MAX, fds, (size_t)count) == 0)
        return 0;
    /* One place is for the connection itself. */
    if (kind[0] == KIND_END && put(s->ends, &s->ends_count, HANDOVER_ENDS_MAX - 1, fds, (size_t)count) == 0)
        return 0;
    if (kind[0] == KIND_ALL && count == 0)
        return 1;
    if (kind[0] != KIND_HELD && kind[0] != KIND_END)
        close_all(fds, (size_t)count);
    return err_set(e, ERR_FAILED, "control", "the tether that runs hands over more than there can be");
}

/* Acknowledges, and has the place when the lock has come. The old process has let go
 * exactly when it could send the lock: after the shutdown it cannot. */
static int take_lock(int conn, struct handover *s, struct deadline d, struct err *e)
{
    const char acknowledged = ACKNOWLEDGED;
    char kind[2] = "";
    int fds[FDS_MAX];

    /* The lock must not be the one descriptor too many. */
    int room = fcntl(conn, F_DUPFD_CLOEXEC, 0);
    if (room < 0)
        return not_received(e);
    bool told = send(conn, &acknowledged, 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1;
    if (!told || await(conn, d) != 0)
        (void)shutdown(conn, SHUT_RD);
    close(room);
    int count = receive_fds(conn, kind, sizeof kind, fds);
    if (count == 1 && kind[0] == KIND_LOCK) {
        s->lock = fds[0];
        return 0;
    }
    if (count > 0)
        close_all(fds, (size_t)count);
    return err_set(e, ERR_FAILED, "control", "the tether that runs did not hand over in time");
}

static int receive_all(int conn, struct handover *s, struct deadline d, struct err *e)
{
    int rc = 0;

    if (await(conn, d) != 0)
        return err_set(e, ERR_FAILED, "control", "the tether that runs does not answer");
    if (take_answer(conn, s, e) != 0)
        return -1;
    while (rc == 0) {
        if (await(conn, d) != 0)
            return err_set(e, ERR_FAILED, "control", "the tether that runs did not hand over in time");
        rc = take_more(conn, s, e);
    }
    return rc > 0 ? take_lock(conn, s, d, e) : -1;
}

int handover_receive(int conn, struct handover *s, struct deadline d, struct err *e)
{
    handover_init(s);
    if (receive_all(conn, s, d, e) == 0)
        return 0;
    handover_clear(s);
    return -1;
}

int handover_take(const struct runtime *rt, struct handover *s, struct err *e)
{
    struct deadline d = deadline_in(HANDOVER_MS);

    handover_init(s);
    int conn = control_client_open(rt, control_client_op("replace"), e);
    if (conn < 0)
        return -1;
    if (handover_receive(conn, s, d, e) != 0) {
        close(conn);
        return -1;
    }
    s->ends[s->ends_count++] = conn;
    return 0;
}
