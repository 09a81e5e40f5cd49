#include "ssh/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define MESSAGE_MAX (256 * 1024) /* as OpenSSH and libssh limit it */
#define KEYS_MAX 1024

enum {
    AGENT_FAILURE = 5,
    AGENT_REQUEST_IDENTITIES = 11,
    AGENT_IDENTITIES_ANSWER = 12,
    AGENT_SIGN_REQUEST = 13,
};

struct agent_filter {
    pthread_t thread;
    pthread_mutex_t lock; /* of `wanted` */
    char *wanted;         /* base64; NULL with want_all: every key */
    bool want_all;
    atomic_bool timed_out;
    struct wait wait;
    int agent_fd;
    int inner_fd; /* the thread's end of the pair */
};

struct message {
    unsigned char *data; /* without the length */
    uint32_t len;
};

static uint32_t get32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void put32(unsigned char *p, uint32_t v)
{
    p[0] = (unsigned char)(v >> 24);
    p[1] = (unsigned char)(v >> 16);
    p[2] = (unsigned char)(v >> 8);
    p[3] = (unsigned char)v;
}

static int connect_agent(const char *path, struct err *e)
{
    struct sockaddr_un sa = { .sun_family = AF_UNIX };

    if (strlen(path) >= sizeof sa.sun_path)
        return err_set(e, ERR_AUTH, "agent", "the path of SSH_AUTH_SOCK is too long");
    strcpy(sa.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&sa, sizeof sa) == 0)
        return fd;
    err_set_errno(e, ERR_AUTH, "agent", "cannot reach the agent at %s", path);
    if (fd >= 0)
        close(fd);
    return -1;
}

static enum wait_result transfer(const struct wait *w, int fd, unsigned char *p, size_t len, bool out)
{
    while (len > 0) {
        ssize_t n = out ? send(fd, p, len, MSG_NOSIGNAL) : recv(fd, p, len, 0);
        if (n > 0) {
            p += n;
            len -= (size_t)n;
            continue;
        }
        if (n < 0 && errno == EINTR)
            continue;
        if (n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK))
            return WAIT_CANCELLED; /* the other side went away */
        enum wait_result r = wait_fd(w, fd, out ? POLLOUT : POLLIN);
        if (r != WAIT_READY)
            return r;
    }
    return WAIT_READY;
}

static enum wait_result receive(const struct wait *w, int fd, struct message *m)
{
    unsigned char head[4];
    enum wait_result r = transfer(w, fd, head, sizeof head, false);

    if (r != WAIT_READY)
        return r;
    uint32_t len = get32(head);
    /* Not yet in m: it always tells how much m->data holds. */
    if (len == 0 || len > MESSAGE_MAX)
        return WAIT_CANCELLED;
    m->data = mem_resize(m->data, len, 1);
    m->len = len;
    return transfer(w, fd, m->data, m->len, false);
}

static enum wait_result deliver(const struct wait *w, int fd, const struct message *m)
{
    unsigned char *whole = mem_alloc((size_t)m->len + 4);

    put32(whole, m->len);
    memcpy(whole + 4, m->data, m->len);
    enum wait_result r = transfer(w, fd, whole, (size_t)m->len + 4, true);
    mem_wipe(whole, (size_t)m->len + 4);
    free(whole);
    return r;
}

/* A string (RFC 4251 5) at *at; false when the message is cut. */
static bool get_string(const struct message *m, size_t *at, const unsigned char **p, uint32_t *len)
{
    if (*at + 4 > m->len)
        return false;
    *len = get32(m->data + *at);
    if (*len > m->len - *at - 4)
        return false;
    *p = m->data + *at + 4;
    *at += 4 + (size_t)*len;
    return true;
}

static char *base64(const unsigned char *p, uint32_t len)
{
    char *out = mem_alloc(((size_t)len + 2) / 3 * 4 + 1);

    EVP_EncodeBlock((unsigned char *)out, p, (int)len);
    return out;
}

static bool is_wanted(struct agent_filter *f, const unsigned char *blob, uint32_t len)
{
    char *key = base64(blob, len);

    pthread_mutex_lock(&f->lock);
    bool yes = f->want_all || (f->wanted != NULL && strcmp(f->wanted, key) == 0);
    pthread_mutex_unlock(&f->lock);
    free(key);
    return yes;
}

/* Leaves only the wanted identities in an IDENTITIES_ANSWER, in place. */
static void filter_answer(struct agent_filter *f, struct message *m)
{
    uint32_t kept = 0;
    size_t at = 5, end = 5;

    if (m->len < 5 || m->data[0] != AGENT_IDENTITIES_ANSWER)
        return;
    uint32_t count = get32(m->data + 1);
    for (uint32_t i = 0; i < count && i < KEYS_MAX; i++) {
        const unsigned char *blob, *comment;
        uint32_t blob_len, comment_len;
        size_t start = at;
        if (!get_string(m, &at, &blob, &blob_len) || !get_string(m, &at, &comment, &comment_len))
            break;
        if (!is_wanted(f, blob, blob_len))
            continue;
        memmove(m->data + end, m->data + start, at - start);
        end += at - start;
        kept++;
    }
    put32(m->data + 1, kept);
    m->len = (uint32_t)end;
}

static bool allowed(struct agent_filter *f, const struct message *request)
{
    const unsigned char *blob;
    uint32_t len;
    size_t at = 1;

    if (request->data[0] == AGENT_REQUEST_IDENTITIES)
        return true;
    return request->data[0] == AGENT_SIGN_REQUEST && get_string(request, &at, &blob, &len) &&
           is_wanted(f, blob, len);
}

static enum wait_result serve_one(struct agent_filter *f, struct message *m)
{
    enum wait_result r = receive(&f->wait, f->inner_fd, m);

    if (r != WAIT_READY)
        return r;
    bool listing = m->data[0] == AGENT_REQUEST_IDENTITIES;
    if (!allowed(f, m)) {
        m->data[0] = AGENT_FAILURE;
        m->len = 1;
    } else {
        r = deliver(&f->wait, f->agent_fd, m);
        if (r == WAIT_READY)
            r = receive(&f->wait, f->agent_fd, m);
        if (r == WAIT_TIMEOUT)
            atomic_store(&f->timed_out, true);
        if (r != WAIT_READY)
            return r;
        if (listing)
            filter_answer(f, m);
    }
    return deliver(&f->wait, f->inner_fd, m);
}

static void *serve(void *arg)
{
    struct agent_filter *f = arg;
    struct message m = { 0 };

    while (serve_one(f, &m) == WAIT_READY)
        continue;
    mem_wipe(m.data, m.len);
    free(m.data);
    /* libssh polls its end without a limit: this lets it go. */
    shutdown(f->inner_fd, SHUT_RDWR);
    return NULL;
}

static int start_thread(struct agent_filter *f)
{
    sigset_t all, old;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int rc = pthread_create(&f->thread, NULL, serve, f);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return rc;
}

struct agent_filter *agent_filter_start(const char *path, const struct wait *w, int *client_fd, struct err *e)
{
    int pair[2] = { -1, -1 };

    int agent_fd = connect_agent(path, e);
    if (agent_fd < 0)
        return NULL;
    struct agent_filter *f = mem_alloc(sizeof *f);
    f->agent_fd = agent_fd;
    f->wait = *w;
    pthread_mutex_init(&f->lock, NULL);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0 ||
        fcntl(pair[1], F_SETFL, O_NONBLOCK) != 0) {
        err_set_errno(e, ERR_FAILED, "agent", "cannot make a socket pair");
        goto fail;
    }
    f->inner_fd = pair[1];
    if (start_thread(f) != 0) {
        err_set(e, ERR_FAILED, "agent", "cannot start a thread");
        goto fail;
    }
    *client_fd = pair[0];
    return f;
fail:
    for (int i = 0; i < 2; i++)
        if (pair[i] >= 0)
            close(pair[i]);
    close(agent_fd);
    pthread_mutex_destroy(&f->lock);
    free(f);
    return NULL;
}

void agent_filter_want(struct agent_filter *f, const char *key)
{
    pthread_mutex_lock(&f->lock);
    mem_replace(&f->wanted, key);
    f->want_all = key == NULL;
    pthread_mutex_unlock(&f->lock);
}

bool agent_filter_timed_out(struct agent_filter *f)
{
    return atomic_load(&f->timed_out);
}

void agent_filter_stop(struct agent_filter *f)
{
    if (f == NULL)
        return;
    /* Wakes the thread wherever it waits. */
    shutdown(f->inner_fd, SHUT_RDWR);
    shutdown(f->agent_fd, SHUT_RDWR);
    pthread_join(f->thread, NULL);
    close(f->inner_fd);
    close(f->agent_fd);
    pthread_mutex_destroy(&f->lock);
    free(f->wanted);
    free(f);
}

int agent_list(const char *path, const struct wait *w, struct strv *keys, struct err *e)
{
    unsigned char request = AGENT_REQUEST_IDENTITIES;
    struct message m = { .data = mem_alloc(1), .len = 1 };
    size_t at = 5;

    int fd = connect_agent(path, e);
    m.data[0] = request;
    enum wait_result r = fd < 0 ? WAIT_CANCELLED : deliver(w, fd, &m);
    if (r == WAIT_READY)
        r = receive(w, fd, &m);
    if (fd >= 0 && r != WAIT_READY)
        err_set(e, ERR_AUTH, "agent", "the agent at %s %s", path,
                r == WAIT_TIMEOUT ? "does not answer" : "closed the connection");
    if (r == WAIT_READY && m.len >= 5 && m.data[0] == AGENT_IDENTITIES_ANSWER) {
        uint32_t count = get32(m.data + 1);
        for (uint32_t i = 0; i < count && i < KEYS_MAX; i++) {
            const unsigned char *blob, *comment;
            uint32_t blob_len, comment_len;
            if (!get_string(&m, &at, &blob, &blob_len) || !get_string(&m, &at, &comment, &comment_len))
                break;
            char *key = base64(blob, blob_len);
            strv_add(keys, key);
            free(key);
        }
    }
    free(m.data);
    if (fd >= 0)
        close(fd);
    return r == WAIT_READY ? 0 : -1;
}
