#include "relay/listener.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

#define ACCEPTS_PER_TURN 64
#define PAUSE_MS 100

struct listener {
    uv_poll_t poll;
    uv_timer_t pause;
    int fd;
    int open_handles;
    int limit;      /* see listener_set_limit() */
    bool exhausted; /* and the log knows */
    bool held;      /* see listener_hold() */
    struct log *log;
    listener_accept_fn accept;
    void *user;
};

static void on_readable(uv_poll_t *poll, int status, int events);

/* The user id of the other end; -1 when it cannot be told. */
static long peer_uid(int fd)
{
#ifdef SO_PEERCRED
    struct ucred cred;
    socklen_t len = sizeof cred;

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0 ? (long)cred.uid : -1;
#else
    uid_t uid;
    gid_t gid;

    return getpeereid(fd, &uid, &gid) == 0 ? (long)uid : -1;
#endif
}

static void resume(uv_timer_t *timer)
{
    struct listener *l = timer->data;

    if (!l->held)
        uv_poll_start(&l->poll, UV_READABLE, on_readable);
}

/* Logs it once, however long it lasts. */
static void pause_for(struct listener *l, const char *why)
{
    if (!l->exhausted)
        log_warn(l->log, "cannot accept a connection: %s; new connections wait", why);
    l->exhausted = true;
    uv_poll_stop(&l->poll);
    uv_timer_start(&l->pause, resume, PAUSE_MS, 0);
}

/* The kernel gives out the lowest number that is free. */
static bool spent(const struct listener *l)
{
    int fd = l->limit < INT_MAX ? fcntl(l->fd, F_DUPFD_CLOEXEC, 0) : -1;

    if (fd >= 0)
        close(fd);
    return l->limit < INT_MAX && (fd < 0 || fd >= l->limit);
}

static void take(struct listener *l, int fd)
{
    long uid = peer_uid(fd);

    if (uid == (long)geteuid()) {
        l->accept(l->user, fd);
    } else {
        log_warn(l->log, "rejected a connection from uid %ld", uid);
        close(fd);
    }
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct listener *l = poll->data;

    (void)status;
    (void)events;
    if (l->exhausted && spent(l)) {
        pause_for(l, "");
        return;
    }
    for (int i = 0; i < ACCEPTS_PER_TURN && !l->held; i++) {
        int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
                pause_for(l, strerror(errno));
            if (errno == EINTR || errno == ECONNABORTED)
                continue;
            return;
        }
        bool last = fd + 1 >= l->limit;
        take(l, fd);
        if (last) {
            pause_for(l, "the remaining descriptors are reserved");
            return;
        }
        l->exhausted = false;
    }
}

struct listener *listener_new(uv_loop_t *loop, int fd, struct log *log, listener_accept_fn accept, void *user)
{
    struct listener *l = mem_alloc(sizeof *l);

    l->fd = fd;
    l->log = log;
    l->limit = INT_MAX;
    l->accept = accept;
    l->user = user;
    l->poll.data = l->pause.data = l;
    if (uv_poll_init(loop, &l->poll, fd) != 0) {
        free(l);
        return NULL;
    }
    uv_timer_init(loop, &l->pause);
    l->open_handles = 2;
    uv_poll_start(&l->poll, UV_READABLE, on_readable);
    return l;
}

static void on_closed(uv_handle_t *handle)
{
    struct listener *l = handle->data;

    if (--l->open_handles == 0)
        free(l);
}

void listener_set_limit(struct listener *l, int from)
{
    l->limit = from;
}

void listener_hold(struct listener *l, bool hold)
{
    if (l == NULL || hold == l->held)
        return;
    l->held = hold;
    if (hold)
        uv_poll_stop(&l->poll);
    else if (!uv_is_active((uv_handle_t *)&l->pause))
        uv_poll_start(&l->poll, UV_READABLE, on_readable);
}

int listener_fd(const struct listener *l)
{
    return l->fd;
}

void listener_close(struct listener *l)
{
    if (l == NULL)
        return;
    uv_close((uv_handle_t *)&l->poll, on_closed);
    uv_close((uv_handle_t *)&l->pause, on_closed);
    close(l->fd);
}
