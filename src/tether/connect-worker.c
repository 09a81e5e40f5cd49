#include "tether/connect-worker.h"

#include "base/mem.h"
#include "ssh/connect.h"
#include "tether/jump.h"
#include "tether/login-slots.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
    struct connect_worker *c = user;

    uv_mutex_lock(&c->lock);
    snprintf(c->waiting.what, sizeof c->waiting.what, "%s", what);
    err_escape(c->waiting.whom, sizeof c->waiting.whom, whom);
    uv_mutex_unlock(&c->lock);
    c->owner.waiting(c->owner.user);
}

void connect_worker_waiting(struct connect_worker *c, struct waiting *w)
{
    uv_mutex_lock(&c->lock);
    *w = c->waiting;
    uv_mutex_unlock(&c->lock);
}

static void run(uv_work_t *work)
{
    struct connect_worker *c = work->data;

    const struct profile *p = c->request.profile;
    const struct wait w = { .deadline = deadline_in(p->connect_timeout_ms),
                            .cancel_fd = c->request.cancel_fd,
                            .note = note,
                            .note_user = c };

    int slot = login_slots_take(c->slots, p->host, p->port, &w);
    c->session = connect_host(&c->request, &c->refused, &c->err);
    login_slots_give(slot);
}

/* An agent that cannot be reached, or does not sign, may be there the next time: it is no
 * refusal. The same holds for that of a hop, whose error this is then. */
static bool agent_failed(const struct err *e)
{
    return strcmp(e->layer, "agent") == 0 ||
           (strncmp(e->layer, "hop ", 4) == 0 && strstr(e->msg, "agent: ") != NULL);
}

static void finished(uv_work_t *work, int status)
{
    struct connect_worker *c = work->data;

    if (status != 0)
        err_set(&c->err, ERR_FAILED, "", "interrupted");
    connect_worker_cancel(c);
    close(c->cancel_fds[0]);
    c->owner.done(c->owner.user, c->session, c->refused && !agent_failed(&c->err), &c->err);
    uv_mutex_destroy(&c->lock);
    free(c);
}

struct connect_worker *connect_worker_start(uv_loop_t *loop, const struct profile *profile,
                                            const struct identities *identities, const struct runtime *rt,
                                            struct log *log, const struct connect_worker_owner *owner,
                                            struct err *e)
{
    struct connect_worker *c = mem_alloc(sizeof *c);

    if (pipe2(c->cancel_fds, O_CLOEXEC) != 0) {
        err_set_errno(e, ERR_FAILED, "", "cannot make a pipe");
        free(c);
        return NULL;
    }
    c->request = (struct connect_request){ .profile = profile,
                                           .identities = identities,
                                           .way = jump_way(profile),
                                           .cancel_fd = c->cancel_fds[0],
                                           .note = note,
                                           .note_user = c,
                                           .log = log };
    c->slots = rt->slots;
    c->owner = *owner;
    c->work.data = c;
    if (uv_mutex_init(&c->lock) != 0)
        abort(); /* only without memory */
    int rc = uv_queue_work(loop, &c->work, run, finished);
    if (rc == 0)
        return c;
    err_set(e, ERR_FAILED, "", "cannot start a worker: %s", uv_strerror(rc));
    close(c->cancel_fds[0]);
    close(c->cancel_fds[1]);
    uv_mutex_destroy(&c->lock);
    free(c);
    return NULL;
}

void connect_worker_cancel(struct connect_worker *c)
{
    if (c->cancel_fds[1] >= 0)
        close(c->cancel_fds[1]);
    c->cancel_fds[1] = -1;
}
