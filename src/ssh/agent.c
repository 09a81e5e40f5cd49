#include "ssh/agent.h"

#include "base/thread.h"
#include "base/unixsock.h"
#include "ssh/pubkey.h"
#include "ssh/wire-reader.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MESSAGE_MAX (256 * 1024) /* as OpenSSH and libssh limit it */
#define KEYS_MAX 1024
#define PATIENCE_MS 1000

enum {
    AGENT_FAILURE = 5,
    AGENT_REQUEST_IDENTITIES = 11,
    AGENT_IDENTITIES_ANSWER = 12,
    AGENT_SIGN_REQUEST = 13,
    AGENT_SIGN_RESPONSE = 14,
};

struct message {
    unsigned char *data; /* without the length */
    uint32_t len;
};

struct agent_filter {
    pthread_t thread;
    pthread_mutex_t lock;          /* of wanted and signer */
    struct message wanted, signer; /* blobs; empty: none */
    atomic_bool timed_out, refused, broke_off, stopping;
    struct agent_call call;
    int agent_fd;
    int inner_fd; /* the thread's end of the pair */
};

static int connect_agent(const char *path, struct err *e)
{
    int fd = unixsock_try_connect(path);

    if (fd >= 0)
        return fd;
    err_set_errno(e, ERR_AUTH, "agent", "cannot reach the agent at %s", path);
    err_hint(e, "is it running? ssh-add -l asks the agent at SSH_AUTH_SOCK");
    err_fix(e, "eval \"$(ssh-agent)\" && ssh-add");
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
    struct wire_reader reader = { .p = head, .len = sizeof head };
    uint64_t len = 0;
    (void)wire_number(&reader, sizeof head, &len);
    /* Not yet in m: it always tells how much m->data holds. */
    if (len == 0 || len > MESSAGE_MAX)
        return WAIT_CANCELLED;
    unsigned char *data = realloc(m->data, (size_t)len);
    if (data == NULL)
        return WAIT_CANCELLED;
    m->data = data;
    m->len = (uint32_t)len;
    return transfer(w, fd, m->data, m->len, false);
}

static enum wait_result deliver(const struct wait *w, int fd, const struct message *m)
{
    unsigned char *whole = malloc((size_t)m->len + 4);

    if (whole == NULL)
        return WAIT_CANCELLED;
    wire_put32(whole, m->len);
    memcpy(whole + 4, m->data, m->len);
    enum wait_result r = transfer(w, fd, whole, (size_t)m->len + 4, true);
    mem_wipe(whole, (size_t)m->len + 4);
    free(whole);
    return r;
}

static void set_blob(struct message *m, const char *base64)
{
    size_t len = 0;

    free(m->data);
    m->data = pubkey_bytes(base64, &len);
    m->len = (uint32_t)len;
}

/* Sends a request to the agent and receives the answer in its place. */
static enum wait_result ask(const struct agent_call *c, int fd, struct message *m)
{
    int half = deadline_left(c->wait.deadline) / 2;
    const struct wait patience = { .deadline = deadline_in(half < PATIENCE_MS ? half : PATIENCE_MS),
                                   .cancel_fd = c->wait.cancel_fd };
    enum wait_result r = deliver(&c->wait, fd, m);

    if (r != WAIT_READY)
        return r;
    if (c->slow != NULL && wait_fd(&patience, fd, POLLIN) == WAIT_TIMEOUT)
        c->slow(c->user);
    return receive(&c->wait, fd, m);
}

static unsigned char *put_string(unsigned char *p, const struct message *s)
{
    wire_put32(p, s->len);
    if (s->len > 0)
        memcpy(p + 4, s->data, s->len);
    return p + 4 + s->len;
}

/* An IDENTITIES_ANSWER with the wanted key alone, in place of the request. */
static void answer_list(struct agent_filter *f, struct message *m)
{
    pthread_mutex_lock(&f->lock);
    m->data = mem_resize(m->data, (size_t)f->wanted.len + 13, 1);
    m->data[0] = AGENT_IDENTITIES_ANSWER;
    wire_put32(m->data + 1, f->wanted.len > 0);
    m->len = 5;
    if (f->wanted.len > 0) {
        unsigned char *end = put_string(m->data + 5, &f->wanted);
        wire_put32(end, 0); /* the comment */
        m->len = (uint32_t)(end + 4 - m->data);
    }
    pthread_mutex_unlock(&f->lock);
}

/* Makes a request to sign with the wanted key one to the key that signs for
 * it; false for every other request. */
static bool make_request(struct agent_filter *f, struct message *m)
{
    struct wire_reader r = { .p = m->data, .len = m->len, .at = 1 };
    const unsigned char *blob;
    size_t len;

    if (m->data[0] != AGENT_SIGN_REQUEST || !wire_string(&r, &blob, &len))
        return false;
    pthread_mutex_lock(&f->lock);
    bool ok = len > 0 && len == f->wanted.len && memcmp(blob, f->wanted.data, len) == 0 && f->signer.len > 0;
    if (ok) {
        unsigned char *data = malloc(5 + (size_t)f->signer.len + (m->len - r.at));
        if (data == NULL) {
            pthread_mutex_unlock(&f->lock);
            return false;
        }
        data[0] = AGENT_SIGN_REQUEST;
        memcpy(put_string(data + 1, &f->signer), m->data + r.at, m->len - r.at);
        m->len = 5 + f->signer.len + (uint32_t)(m->len - r.at);
        free(m->data);
        m->data = data;
    }
    pthread_mutex_unlock(&f->lock);
    return ok;
}

static enum wait_result serve_one(struct agent_filter *f, struct message *m)
{
    const struct wait *w = &f->call.wait;
    enum wait_result r = receive(w, f->inner_fd, m);

    if (r != WAIT_READY)
        return r;
    if (m->data[0] == AGENT_REQUEST_IDENTITIES) {
        answer_list(f, m);
    } else if (make_request(f, m)) {
        r = ask(&f->call, f->agent_fd, m);
        if (r == WAIT_TIMEOUT)
            atomic_store(&f->timed_out, true);
        if (r == WAIT_CANCELLED && !atomic_load(&f->stopping))
            atomic_store(&f->broke_off, true);
        if (r != WAIT_READY)
            return r;
        if (m->data[0] != AGENT_SIGN_RESPONSE)
            atomic_store(&f->refused, true);
    } else {
        m->data[0] = AGENT_FAILURE;
        m->len = 1;
    }
    return deliver(w, f->inner_fd, m);
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

struct agent_filter *agent_filter_start(const struct agent_call *c, int *client_fd, struct err *e)
{
    int pair[2] = { -1, -1 };

    int agent_fd = connect_agent(c->path, e);
    if (agent_fd < 0)
        return NULL;
    struct agent_filter *f = mem_alloc(sizeof *f);
    f->agent_fd = agent_fd;
    f->call = *c;
    pthread_mutex_init(&f->lock, NULL);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0 ||
        fcntl(pair[1], F_SETFL, O_NONBLOCK) != 0) {
        err_set_errno(e, ERR_FAILED, "agent", "cannot make a socket pair");
        goto fail;
    }
    f->inner_fd = pair[1];
    if (thread_start(&f->thread, serve, f) != 0) {
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

void agent_filter_want(struct agent_filter *f, const char *key, const char *signer)
{
    pthread_mutex_lock(&f->lock);
    set_blob(&f->wanted, key);
    set_blob(&f->signer, signer);
    atomic_store(&f->refused, false);
    pthread_mutex_unlock(&f->lock);
}

bool agent_filter_refused(struct agent_filter *f)
{
    return atomic_load(&f->refused);
}

bool agent_filter_broke_off(struct agent_filter *f)
{
    return atomic_load(&f->broke_off);
}

bool agent_filter_timed_out(struct agent_filter *f)
{
    return atomic_load(&f->timed_out);
}

void agent_filter_stop(struct agent_filter *f)
{
    if (f == NULL)
        return;
    atomic_store(&f->stopping, true);
    /* Wakes the thread wherever it waits. */
    shutdown(f->inner_fd, SHUT_RDWR);
    shutdown(f->agent_fd, SHUT_RDWR);
    pthread_join(f->thread, NULL);
    close(f->inner_fd);
    close(f->agent_fd);
    pthread_mutex_destroy(&f->lock);
    free(f->wanted.data);
    free(f->signer.data);
    free(f);
}

static void list_keys(const struct message *m, struct strv *keys)
{
    struct wire_reader r = { .p = m->data, .len = m->len, .at = 1 };
    uint64_t count;

    if (m->data[0] != AGENT_IDENTITIES_ANSWER || !wire_number(&r, 4, &count))
        return;
    for (uint64_t i = 0; i < count && i < KEYS_MAX; i++) {
        const unsigned char *blob, *comment;
        size_t blob_len, comment_len;
        if (!wire_string(&r, &blob, &blob_len) || !wire_string(&r, &comment, &comment_len))
            break;
        char *key = pubkey_base64(blob, blob_len);
        strv_add(keys, key);
        free(key);
    }
}

int agent_list(const struct agent_call *c, struct strv *keys, struct err *e)
{
    struct message m = { .data = mem_alloc(1), .len = 1 };
    int fd = connect_agent(c->path, e);
    int rc = -1;

    m.data[0] = AGENT_REQUEST_IDENTITIES;
    if (fd >= 0) {
        switch (ask(c, fd, &m)) {
        case WAIT_READY:
            list_keys(&m, keys);
            rc = 0;
            break;
        case WAIT_TIMEOUT:
            err_set(e, ERR_AUTH, "agent", "the agent at %s does not answer", c->path);
            err_hint(e, "does it wait for something, or hang? ssh-add -l asks it the same");
            err_fix(e, "ssh-add -l");
            break;
        case WAIT_CANCELLED:
            err_set(e, ERR_AUTH, "agent", "the agent at %s closed the connection", c->path);
            err_hint(e, "is it an SSH agent? ssh-add -l asks it the same");
            err_fix(e, "ssh-add -l");
            break;
        }
        close(fd);
    }
    free(m.data);
    return rc;
}
