#include "ssh/resolve.h"

#include "base/mem.h"
#include "base/thread.h"

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Shared by the caller and the thread; the last of the two frees it. */
struct query {
    pthread_mutex_t lock;
    int users;
    int done_fd; /* the thread's end of a pipe: closed when it has answered */
    char *host;
    char port[8];
    int status; /* of getaddrinfo */
    struct addrinfo *list;
};

static void query_unref(struct query *q)
{
    pthread_mutex_lock(&q->lock);
    int left = --q->users;
    pthread_mutex_unlock(&q->lock);
    if (left > 0)
        return;
    if (q->list != NULL)
        freeaddrinfo(q->list);
    pthread_mutex_destroy(&q->lock);
    free(q->host);
    free(q);
}

static void *run(void *arg)
{
    struct query *q = arg;
    const struct addrinfo hints = { .ai_family = AF_UNSPEC,
                                    .ai_socktype = SOCK_STREAM,
                                    .ai_flags = AI_ADDRCONFIG };
    struct addrinfo *list = NULL;

    int status = getaddrinfo(q->host, q->port, &hints, &list);
    if (status != 0) {
        /* AI_ADDRCONFIG ignores loopback, so a machine without a network
         * could not reach itself. */
        const struct addrinfo any = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
        status = getaddrinfo(q->host, q->port, &any, &list);
    }
    pthread_mutex_lock(&q->lock);
    q->status = status;
    q->list = status == 0 ? list : NULL;
    pthread_mutex_unlock(&q->lock);
    close(q->done_fd);
    query_unref(q);
    return NULL;
}

static int answer(struct query *q, const char *host, struct addrinfo **list, struct err *e)
{
    pthread_mutex_lock(&q->lock);
    int status = q->status;
    *list = q->list;
    q->list = NULL;
    pthread_mutex_unlock(&q->lock);
    if (status == 0)
        return 0;
    err_set(e, ERR_UNREACHABLE, "name", "cannot resolve \"%s\": %s", host, gai_strerror(status));
    return err_hint(e, "check the spelling, the network and the resolver: getent hosts '%s'", host);
}

int resolve_host(const char *host, int64_t port, const struct wait *w, struct addrinfo **list, struct err *e)
{
    pthread_t thread;
    int fds[2];
    int rc = -1;

    *list = NULL;
    if (pipe2(fds, O_CLOEXEC) != 0)
        return err_set_errno(e, ERR_FAILED, "name", "cannot make a pipe");
    struct query *q = mem_alloc(sizeof *q);
    pthread_mutex_init(&q->lock, NULL);
    q->users = 2;
    q->done_fd = fds[1];
    q->host = mem_strdup(host);
    snprintf(q->port, sizeof q->port, "%" PRId64, port);

    if (thread_start(&thread, run, q) != 0) {
        err_set(e, ERR_FAILED, "name", "cannot start a thread to resolve \"%s\"", host);
        close(fds[1]);
        q->users = 1;
    } else {
        switch (wait_fd(w, fds[0], POLLIN)) {
        case WAIT_READY:
            /* It is as good as over; glibc's own memory goes with it. */
            pthread_join(thread, NULL);
            rc = answer(q, host, list, e);
            break;
        case WAIT_TIMEOUT:
            err_set(e, ERR_UNREACHABLE, "name", "resolving \"%s\" took too long", host);
            err_hint(e, "check the resolver: getent hosts '%s'", host);
            pthread_detach(thread);
            break;
        case WAIT_CANCELLED:
            pthread_detach(thread);
            err_set(e, ERR_FAILED, "name", "interrupted");
            break;
        }
    }
    close(fds[0]);
    query_unref(q);
    return rc;
}
