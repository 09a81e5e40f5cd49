#include "tether/connect-worker.h"

#include "base/mem.h"
#include "ssh/connect.h"
#include "tether/jump.h"
#include "tether/login-slots.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct connect_worker {
    uv_work_t work;
    struct connect_request request;
    const char *slots;
    int cancel_fds[2]; /* closing [1] makes [0] readable */
    struct session *session;
    bool refused;
    struct err err;
    uv_mutex_t lock;
    struct waiting waiting;
    struct connect_worker_owner owner;
};

/* In the worker, or in a thread that it has started. */
static void note(void *user, const char *what, const char *whom)
{
    struct connect_worker *d = user;

    uv_mutex_lock(&d->lock);
    snprintf(d->waiting.what, sizeof d->waiting.what, "%s", what);
    err_escape(d->waiting.whom, sizeof d->waiting.whom, whom);
    uv_mutex_unlock(&d->lock);
    d->owner.waiting(d->owner.user);
}

void connect_worker_waiting(struct connect_worker *d, struct waiting *w)
{
    uv_mutex_lock(&d->lock);
    *w = d->waiting;
    uv_mutex_unlock(&d->lock);
}

static void run(uv_work_t *work)
{
    struct connect_worker *d = work->data;

    const struct profile *p = d->request.profile;
    const struct wait w = { .deadline = deadline_in(p->connect_timeout_ms),
                            .cancel_fd = d->request.cancel_fd,
                            .note = note,
                            .note_user = d };

    int slot = login_slots_take(d->slots, p->host, p->port, &w);
    d->session = connect_host(&d->request, &d->refused, &d->err);
    login_slots_give(slot);
}

static void finished(uv_work_t *work, int status)
{
    struct connect_worker *d = work->data;

    if (status != 0)
        err_set(&d->err, ERR_FAILED, "", "interrupted");
    connect_worker_cancel(d);
    close(d->cancel_fds[0]);
    d->owner.done(d->owner.user, d->session, d->refused, &d->err);
    uv_mutex_destroy(&d->lock);
    free(d);
}

struct connect_worker *connect_worker_start(uv_loop_t *loop, const struct profile *profile,
                                            const struct identities *identities, const struct runtime *rt,
                                            struct log *log, const struct connect_worker_owner *owner,
                                            struct err *e)
{
    struct connect_worker *d = mem_alloc(sizeof *d);

    if (pipe2(d->cancel_fds, O_CLOEXEC) != 0) {
        err_set_errno(e, ERR_FAILED, "", "cannot make a pipe");
        free(d);
        return NULL;
    }
    d->request = (struct connect_request){ .profile = profile,
                                           .identities = identities,
                                           .way = jump_way(profile),
                                           .cancel_fd = d->cancel_fds[0],
                                           .note = note,
                                           .note_user = d,
                                           .log = log };
    d->slots = rt->slots;
    d->owner = *owner;
    d->work.data = d;
    if (uv_mutex_init(&d->lock) != 0)
        abort(); /* only without memory */
    int rc = uv_queue_work(loop, &d->work, run, finished);
    if (rc == 0)
        return d;
    err_set(e, ERR_FAILED, "", "cannot start a worker: %s", uv_strerror(rc));
    close(d->cancel_fds[0]);
    close(d->cancel_fds[1]);
    uv_mutex_destroy(&d->lock);
    free(d);
    return NULL;
}

void connect_worker_cancel(struct connect_worker *d)
{
    if (d->cancel_fds[1] >= 0)
        close(d->cancel_fds[1]);
    d->cancel_fds[1] = -1;
}
