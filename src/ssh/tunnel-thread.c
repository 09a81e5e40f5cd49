#include "ssh/tunnel-thread.h"

#include "base/mem.h"
#include "base/thread.h"
#include "ssh/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHUNK (16 * 1024)
#define SOON_MS 10
#define IDLE_MS 1000 /* how long a window that opens without news may go unnoticed */

struct tunnel_thread {
    struct session *session;
    struct channel *ch;
    pthread_t thread;
    int inner;   /* our end of the pair */
    int stop[2]; /* closing [1] ends the thread */

    char *down; /* from the server, not taken yet by the other end */
    size_t down_at, down_len;
    char up[CHUNK]; /* for the server */
    size_t up_at, up_len;
    bool up_ended, failed;
    bool ended; /* closed by the server, with EOF before it or without */
};

/* ---- towards here ---------------------------------------------------------- */

static size_t pass_down(struct tunnel_thread *b, const char *p, size_t len)
{
    size_t done = 0;

    while (done < len && !b->failed) {
        ssize_t n = send(b->inner, p + done, len - done, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n > 0)
            done += (size_t)n;
        else if (errno == EAGAIN || errno == EWOULDBLOCK)
            break;
        else if (errno != EINTR)
            b->failed = true;
    }
    return done;
}

static size_t on_data(void *user, const void *buf, size_t len)
{
    struct tunnel_thread *b = user;

    return b->down_at < b->down_len ? 0 : pass_down(b, buf, len);
}

static void on_event(void *user)
{
    (void)user;
}

static const struct channel_callbacks callbacks = { .data = on_data, .event = on_event };

/* What was left behind, then what the channel kept because of it. */
static void step_down(struct tunnel_thread *b)
{
    while (!b->failed) {
        b->down_at += pass_down(b, b->down + b->down_at, b->down_len - b->down_at);
        if (b->down_at < b->down_len || !channel_paused(b->ch))
            return;
        free(b->down);
        b->down = NULL;
        b->down_at = b->down_len = 0;
        if (channel_drain(b->ch, &b->down, &b->down_len) != 0)
            b->failed = true;
    }
}

/* ---- towards there --------------------------------------------------------- */

static bool wants_up(const struct tunnel_thread *b)
{
    return !b->up_ended && b->up_at == b->up_len && channel_window(b->ch) > 0 &&
           !session_congested(b->session);
}

static void step_up(struct tunnel_thread *b)
{
    if (wants_up(b)) {
        ssize_t n = recv(b->inner, b->up, sizeof b->up, MSG_DONTWAIT);
        b->up_at = b->up_len = 0;
        if (n > 0)
            b->up_len = (size_t)n;
        else if (n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR))
            b->up_ended = true;
        if (b->up_ended)
            (void)channel_send_eof(b->ch);
    }
    if (b->up_at < b->up_len) {
        ssize_t n = channel_write(b->ch, b->up + b->up_at, b->up_len - b->up_at);
        if (n < 0)
            b->failed = true;
        else
            b->up_at += (size_t)n;
    }
}

/* ---- the thread ------------------------------------------------------------ */

static bool over(const struct tunnel_thread *b)
{
    return b->failed ||
           ((b->ended || channel_at_eof(b->ch)) && !channel_paused(b->ch) && b->down_at == b->down_len);
}

/* False when it is to end. */
static bool wait_for_news(const struct tunnel_thread *b)
{
    struct pollfd fds[] = {
        { .fd = b->stop[0], .events = POLLIN },
        { .fd = session_fd(b->session),
          .events = (short)(POLLIN | (session_congested(b->session) ? POLLOUT : 0)) },
        { .fd = b->inner,
          .events = (short)((wants_up(b) ? POLLIN : 0) | (b->down_at < b->down_len ? POLLOUT : 0)) },
    };

    /* A hang-up is always reported, and nothing to wait for once it is known. */
    if (fds[2].events == 0)
        fds[2].fd = -1;
    (void)poll(fds, sizeof fds / sizeof *fds, IDLE_MS);
    return fds[0].revents == 0;
}

static void *run(void *arg)
{
    struct tunnel_thread *b = arg;

    do {
        if (session_pump(b->session, NULL) != 0)
            b->failed = true;
        else
            b->ended = channel_step(b->ch, false) == CHANNEL_ENDED;
        if (!b->failed) {
            step_down(b);
            step_up(b);
        }
    } while (!over(b) && wait_for_news(b));
    shutdown(b->inner, SHUT_RDWR);
    OPENSSL_thread_stop();
    return NULL;
}

/* ---- beginning and end ----------------------------------------------------- */

static int refused(const struct tunnel_thread *b, const char *host, int64_t port, struct err *e)
{
    const char *why = channel_reason(b->ch);

    return err_set(e, ERR_UNREACHABLE, "TCP", "it cannot connect to %s port %" PRId64 ": %s", host, port,
                   *why ? why : "refused");
}

static int await_open(struct tunnel_thread *b, const char *host, int64_t port, const struct wait *w,
                      struct err *e)
{
    enum channel_state state;

    while ((state = channel_step(b->ch, true)) == CHANNEL_OPENING) {
        struct wait soon = *w;
        /* Any call of libssh's may have received the answer. */
        if (deadline_left(w->deadline) > SOON_MS)
            soon.deadline = deadline_in(SOON_MS);
        switch (wait_fd(&soon, session_fd(b->session),
                        (short)(POLLIN | (session_congested(b->session) ? POLLOUT : 0)))) {
        case WAIT_READY:
            break;
        case WAIT_TIMEOUT:
            if (deadline_left(w->deadline) > 0)
                break;
            return err_set(e, ERR_UNREACHABLE, "TCP",
                           "it does not get through to %s port %" PRId64 " in time", host, port);
        case WAIT_CANCELLED:
            return err_set(e, ERR_FAILED, "TCP", "interrupted");
        }
        if (session_pump(b->session, e) != 0)
            return -1;
    }
    return state == CHANNEL_REFUSED ? refused(b, host, port, e) : 0;
}

static void discard(struct tunnel_thread *b)
{
    const int fds[] = { b->inner, b->stop[0], b->stop[1] };

    channel_close(b->ch);
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    free(b->down);
    free(b);
}

struct tunnel_thread *tunnel_thread_open(struct session *s, const char *host, int64_t port,
                                         const struct wait *w, int *fd, struct err *e)
{
    struct tunnel_thread *b = mem_alloc(sizeof *b);
    int pair[2] = { -1, -1 };

    b->session = s;
    b->inner = b->stop[0] = b->stop[1] = -1;
    b->ch = channel_open_tcp(s, host, port, &callbacks, b, e);
    if (b->ch == NULL)
        goto fail;
    /* The other side may speak before the descriptors are told of its coming. */
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0 ||
        pipe2(b->stop, O_CLOEXEC) != 0) {
        err_set_errno(e, ERR_FAILED, "TCP", "cannot make a socket pair");
        goto fail;
    }
    b->inner = pair[0];
    if (await_open(b, host, port, w, e) != 0)
        goto fail;
    if (thread_start(&b->thread, run, b) != 0) {
        err_set(e, ERR_FAILED, "TCP", "cannot start a thread");
        goto fail;
    }
    *fd = pair[1];
    return b;
fail:
    if (pair[0] >= 0 && b->inner < 0)
        close(pair[0]);
    if (pair[1] >= 0)
        close(pair[1]);
    discard(b);
    return NULL;
}

void tunnel_thread_free(struct tunnel_thread *b)
{
    if (b == NULL)
        return;
    close(b->stop[1]);
    b->stop[1] = -1;
    pthread_join(b->thread, NULL);
    discard(b);
}
