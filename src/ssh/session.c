#include "ssh/session-internal.h"

#include "base/heap-trim.h"
#include "base/time.h"
#include "ssh/channel-window.h"
#include "ssh/watchdog.h"

#include <errno.h>
#include <fcntl.h>
#include <libssh/server.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* libssh reads 4 KB at a time: at most 256 KB a pump, so that one bulk
 * transfer does not keep the loop from its timers. */
#define PUMP_POLLS 64

#define RECHECK_MS 1000
#define OPENING_MAX 1000
#define WAITING_MAX 20000

/* 0.10.6 closes a descriptor it was given on a protocol error and keeps it on
 * an orderly end; 0.11 and newer never close it. The number may be somebody
 * else's by now, so the socket itself is compared. */
static bool same_socket(int fd, int dup_fd)
{
    struct stat a, b;

    return fstat(fd, &a) == 0 && fstat(dup_fd, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

void session_free(struct session *s)
{
    if (s == NULL)
        return;
    closings_clear(&s->closing);
    if (s->event != NULL) {
        /* ssh_disconnect() would leave a poll handle behind in the event. */
        ssh_event_remove_session(s->event, s->ssh);
        ssh_event_free(s->event);
    }
    if (!s->dead && !session_lost(s))
        ssh_disconnect(s->ssh);
    ssh_free(s->ssh);
    watchdog_stop(s->watchdog);
    if (same_socket(s->fd, s->poll_fd))
        close(s->fd);
    close(s->poll_fd);
    if (s->window_room != NULL)
        munmap(s->window_room, WINDOW_MAX);
    pins_clear(&s->trusted);
    free(s->identity);
    free(s);
}

void *session_window_room(struct session *s)
{
    if (s->window_room == NULL) {
        void *p = mmap(NULL, WINDOW_MAX, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                       -1, 0);
        s->window_room = p != MAP_FAILED ? p : NULL;
    }
    return s->window_room;
}

void session_give_back(struct session *s)
{
    if (s->window_spent > 0 || (s->window_room == NULL && !s->bulk))
        return;
    if (s->window_room != NULL)
        munmap(s->window_room, WINDOW_MAX);
    s->window_room = NULL;
    s->bulk = false;
    heap_trim();
}

void session_enter(struct session *s)
{
    ssh_set_log_userdata(&s->context);
    watchdog_enter(s->watchdog);
}

void session_leave(struct session *s)
{
    watchdog_leave(s->watchdog);
    ssh_set_log_userdata(NULL);
    (void)session_overrun(s); /* before another error of libssh's replaces its words */
}

bool session_lost(const struct session *s)
{
    return s->fault.code != ERR_NONE || (ssh_get_status(s->ssh) & (SSH_CLOSED | SSH_CLOSED_ERROR)) != 0;
}

int session_wait(struct session *s, const struct wait *w, const char *layer, struct err *e)
{
    /* libssh makes the descriptor blocking after connecting (socket.c:359 in
     * 0.10.6), and a stalled peer would then stop us inside send(). */
    int flags = fcntl(s->poll_fd, F_GETFL);
    if (flags >= 0 && !(flags & O_NONBLOCK))
        (void)fcntl(s->poll_fd, F_SETFL, flags | O_NONBLOCK);

    if (session_lost(s))
        return err_set(e, ERR_UNREACHABLE, layer, "the server closed the connection: %s",
                       ssh_get_error(s->ssh));
    short events = POLLIN;
    if (ssh_get_poll_flags(s->ssh) & SSH_WRITE_PENDING)
        events |= POLLOUT;
    switch (wait_fd(w, s->poll_fd, events)) {
    case WAIT_READY:
        return 0;
    case WAIT_CANCELLED:
        return err_set(e, ERR_FAILED, layer, "interrupted");
    case WAIT_TIMEOUT:
        break;
    }
    return err_set(e, ERR_UNREACHABLE, layer, "the server took too long to answer");
}

int session_hand_over(struct session *s, struct err *e)
{
    int flags = fcntl(s->poll_fd, F_GETFL);

    if (flags < 0 || fcntl(s->poll_fd, F_SETFL, flags | O_NONBLOCK) != 0)
        return err_set_errno(e, ERR_FAILED, "SSH", "cannot make the connection non-blocking");
    s->event = ssh_event_new();
    if (s->event == NULL || ssh_event_add_session(s->event, s->ssh) != SSH_OK)
        return err_set(e, ERR_FAILED, "SSH", "libssh cannot poll the session");
    return 0;
}

int session_fd(const struct session *s)
{
    return s->poll_fd;
}

bool session_overrun(struct session *s)
{
    if (ssh_get_error_code(s->ssh) == SSH_FATAL && strcmp(ssh_get_error(s->ssh), "Window exceeded") == 0)
        session_give_up(s, ERR_UNREACHABLE, "SSH",
                        "the server sends more than it was told there is room for");
    return s->fault.code != ERR_NONE;
}

void session_give_up(struct session *s, enum err_code code, const char *layer, const char *fmt, ...)
{
    char text[400];
    va_list args;

    if (s->fault.code != ERR_NONE)
        return;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    err_set(&s->fault, code, layer, "%s", text);
}

const char *session_reason(const struct session *s)
{
    static const int reasons[] = { ECONNRESET,   ECONNABORTED, EPIPE,    ETIMEDOUT,
                                   EHOSTUNREACH, ENETUNREACH,  ENETDOWN, ENETRESET };
    static const char prefix[] = "Socket error: ";
    const char *why = ssh_get_error(s->ssh);

    if (strncmp(why, prefix, strlen(prefix)) != 0)
        return why;
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (strcmp(why + strlen(prefix), strerror(reasons[i])) == 0)
            return why;
    return strstr(why, "disconnected") != NULL ? why : "the server closed it";
}

static int lost(struct session *s, struct err *e)
{
    const char *why = session_reason(s);

    s->dead = true;
    if (s->context.overdue != NULL && atomic_load(s->context.overdue))
        session_give_up(s, ERR_UNREACHABLE, "SSH",
                        "libssh did not return for %d s because of something that the server sent",
                        WATCHDOG_S);
    if (s->fault.code == ERR_NONE)
        return err_set(e, ERR_UNREACHABLE, "SSH", "the connection was lost%s%s", *why ? ": " : "", why);
    if (e != NULL)
        *e = s->fault;
    return s->fault.code != ERR_UNREACHABLE
               ? -1
               : err_hint(e, "the SSH server there does not keep to the protocol; is it up to date?");
}

/* sshd leaves Nagle's algorithm on for a session without a terminal, so that a
 * small packet of its waits for the acknowledgement of the one before; a
 * delayed one costs 40 ms for every command whose request needed no answer of
 * ours in between. The option does not last: it is set after every burst. */
static void acknowledge(const struct session *s)
{
#ifdef TCP_QUICKACK
    const int on = 1;

    (void)setsockopt(s->poll_fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
#else
    (void)s;
#endif
}

/* A server may repeat the key exchange at any time (RFC 4253 9), and libssh then
 * asks only for some proof: its key is compared again within a second. */
static void recheck(struct session *s)
{
    const int64_t now = time_mono_us() / 1000;

    if (s->recheck == NULL || s->packets.in_packets == s->rechecked_packets ||
        now - s->rechecked_ms < RECHECK_MS)
        return;
    s->rechecked_ms = now;
    s->rechecked_packets = s->packets.in_packets;
    if (s->recheck(s, &s->fault) != 0)
        log_err(s->log, LOG_WARN, &s->fault);
}

/* Opens that the server leaves unanswered, and channels that it leaves open. Those
 * through a jump host wait for hosts that are silent, as long as TCP does. */
static void bound_closing(struct session *s)
{
    if (s->closing.opening > OPENING_MAX)
        session_give_up(s, ERR_UNREACHABLE, "SSH", "the server left %zu requests for a channel unanswered",
                        s->closing.opening);
    if (s->closing.waiting > WAITING_MAX)
        session_give_up(s, ERR_UNREACHABLE, "SSH", "the server left %zu channels open that were closed here",
                        s->closing.waiting);
}

static int poll_libssh(struct session *s)
{
    int rc = SSH_OK;

    session_enter(s);
    for (int i = 0; i < PUMP_POLLS && rc == SSH_OK && !session_overrun(s) && !session_lost(s); i++)
        rc = ssh_event_dopoll(s->event, 0);
    session_leave(s);
    if (rc == SSH_AGAIN)
        acknowledge(s);
    return session_overrun(s) || rc == SSH_ERROR || session_lost(s) ? -1 : 0;
}

int session_pump(struct session *s, struct err *e)
{
    if (s->dead || session_lost(s) || poll_libssh(s) != 0)
        return lost(s, e);
    recheck(s);
    closings_step(&s->closing);
    bound_closing(s);
    return session_lost(s) ? lost(s, e) : 0;
}

bool session_congested(const struct session *s)
{
    /* Not ssh_get_poll_flags(): it says so after every write, even when the
     * network took all of it. */
    return (ssh_get_status(s->ssh) & SSH_WRITE_PENDING) != 0;
}

void session_keepalive(struct session *s)
{
    /* In non-blocking mode libssh (0.10.6 to 0.12.2) sends only on every
     * second call, and always says OK; its counter tells. */
    uint64_t before = s->packets.out_packets;
    session_enter(s);
    for (int i = 0; i < 2 && !s->dead && s->packets.out_packets == before; i++)
        ssh_send_keepalive(s->ssh);
    session_leave(s);
}

int64_t session_round_trip_us(const struct session *s)
{
    return s->round_trip_us;
}

uint64_t session_packets_in(const struct session *s)
{
    return s->packets.in_packets;
}

const char *session_banner(const struct session *s)
{
    const char *banner = ssh_get_serverbanner(s->ssh);
    return banner != NULL ? banner : "";
}

const struct pin *session_host_key(const struct session *s)
{
    return &s->host_key;
}

const char *session_identity(const struct session *s)
{
    return s->identity != NULL ? s->identity : "";
}
