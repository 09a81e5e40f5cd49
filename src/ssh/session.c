#include "ssh/session-internal.h"

#include "base/mem.h"
#include "ssh/channel-window.h"

#include <fcntl.h>
#include <libssh/server.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
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

/* AES-GCM is left out: before Debian's 0.10.6-0+deb12u3, 0.11.5 and 0.12.1
 * libssh did not verify its tags (CVE-2026-59847), and ssh_version() cannot
 * tell a patched 0.10.6. It can return when 0.12.1 is the least we build with. */
#define CIPHERS "chacha20-poly1305@openssh.com,aes256-ctr,aes192-ctr,aes128-ctr"
#define MACS "hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,hmac-sha2-256,hmac-sha2-512"

/* The server may open no channel to us; unanswered ones would pile up in
 * libssh's queue without bound. Returning 1 lets libssh send the refusal. */
static int refuse_message(ssh_session ssh, ssh_message message, void *user)
{
    (void)ssh;
    (void)message;
    (void)user;
    return 1;
}

static int set_options(ssh_session ssh, int fd, const char *hostkeys, struct err *e)
{
    const bool no_config = false;
    const struct {
        enum ssh_options_e option;
        const void *value;
    } options[] = {
        { SSH_OPTIONS_PROCESS_CONFIG, &no_config },
        { SSH_OPTIONS_FD, &fd },
        { SSH_OPTIONS_HOST, "host" }, /* a placeholder: the connection is already there */
        /* Else libssh looks for a home directory, and fails for a user who has none. */
        { SSH_OPTIONS_SSH_DIR, "/dev/null" },
        /* Opened at every key exchange whatever PROCESS_CONFIG says. */
        { SSH_OPTIONS_KNOWNHOSTS, "/dev/null" },
        { SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null" },
        { SSH_OPTIONS_HOSTKEYS, hostkeys },
        { SSH_OPTIONS_CIPHERS_C_S, CIPHERS },
        { SSH_OPTIONS_CIPHERS_S_C, CIPHERS },
        { SSH_OPTIONS_HMAC_C_S, MACS },
        { SSH_OPTIONS_HMAC_S_C, MACS },
        { SSH_OPTIONS_COMPRESSION_C_S, "none" },
        { SSH_OPTIONS_COMPRESSION_S_C, "none" },
    };

    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if (ssh_options_set(ssh, options[i].option, options[i].value) != SSH_OK)
            return err_set(e, ERR_FAILED, "SSH", "libssh does not take an option: %s", ssh_get_error(ssh));
    return 0;
}

/* Which names it takes is another matter in each version: endpoint_user_ok() knows
 * only what none does. */
static int set_user(ssh_session ssh, const char *user, struct err *e)
{
    if (ssh_options_set(ssh, SSH_OPTIONS_USER, user) == SSH_OK)
        return 0;
    err_set(e, ERR_FAILED, "SSH", "libssh %s does not take the user name \"%s\"", ssh_version(0), user);
    return err_hint(e, "another version may; is there another name for that user?");
}

struct session *session_new(int fd, const char *user, const char *hostkeys, struct log *log, struct err *e)
{
    struct session *s = mem_alloc(sizeof *s);

    s->log = log;
    s->round_trip_us = -1;
    s->widens = ssh_version(SSH_VERSION_INT(0, 11, 0)) == NULL;
    s->grants = !s->widens;
    s->fd = fd;
    s->poll_fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (s->poll_fd < 0) {
        err_set_errno(e, ERR_FAILED, "SSH", "cannot duplicate a descriptor");
        goto fail;
    }
    s->ssh = ssh_new();
    if (s->ssh == NULL) {
        err_set(e, ERR_FAILED, "SSH", "libssh has no memory for a session");
        goto fail;
    }
    if (set_options(s->ssh, fd, hostkeys, e) != 0 || set_user(s->ssh, user, e) != 0)
        goto fail;
    ssh_set_blocking(s->ssh, 0);
    ssh_set_counters(s->ssh, NULL, &s->packets);
    ssh_set_message_callback(s->ssh, refuse_message, NULL);
    return s;
fail:
    if (s->ssh != NULL)
        ssh_free(s->ssh);
    if (s->poll_fd >= 0)
        close(s->poll_fd);
    close(fd);
    free(s);
    return NULL;
}

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
    while (s->closing != NULL) {
        struct closing *c = s->closing;
        s->closing = c->next;
        c->destroy(c);
    }
    if (s->event != NULL) {
        /* ssh_disconnect() would leave a poll handle behind in the event. */
        ssh_event_remove_session(s->event, s->ssh);
        ssh_event_free(s->event);
    }
    if (!s->dead && !session_lost(s))
        ssh_disconnect(s->ssh);
    ssh_free(s->ssh);
    if (same_socket(s->fd, s->poll_fd))
        close(s->fd);
    close(s->poll_fd);
    if (s->window_room != NULL)
        munmap(s->window_room, WINDOW_MAX);
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

bool session_lost(const struct session *s)
{
    return (ssh_get_status(s->ssh) & (SSH_CLOSED | SSH_CLOSED_ERROR)) != 0;
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
        s->overrun = true;
    return s->overrun;
}

static int lost(struct session *s, struct err *e)
{
    const char *why = ssh_get_error(s->ssh);

    s->dead = true;
    if (s->overrun) {
        err_set(e, ERR_UNREACHABLE, "SSH", "the server sends more than it was told there is room for");
        return err_hint(e, "what speaks SSH there does not keep to the protocol; is it up to date?");
    }
    return err_set(e, ERR_UNREACHABLE, "SSH", "the connection was lost%s%s", *why ? ": " : "", why);
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

void session_add_closing(struct session *s, struct closing *c)
{
    c->next = s->closing;
    s->closing = c;
}

static void finish_closing(struct session *s)
{
    struct closing **link = &s->closing;

    while (*link != NULL) {
        struct closing *c = *link;
        if (c->finish(c)) {
            *link = c->next;
            c->destroy(c);
        } else {
            link = &c->next;
        }
    }
}

int session_pump(struct session *s, struct err *e)
{
    if (s->dead || session_lost(s))
        return lost(s, e);
    for (int i = 0; i < PUMP_POLLS; i++) {
        int rc = ssh_event_dopoll(s->event, 0);
        if (session_overrun(s) || rc == SSH_ERROR || session_lost(s))
            return lost(s, e);
        if (rc == SSH_AGAIN) {
            acknowledge(s);
            break;
        }
    }
    finish_closing(s);
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
    for (int i = 0; i < 2 && !s->dead && s->packets.out_packets == before; i++)
        ssh_send_keepalive(s->ssh);
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
