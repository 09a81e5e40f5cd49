#include "base/unixsock.h"
#include "control/lock.h"
#include "tether/tether-internal.h"

#include "base/mem.h"
#include "base/time.h"
#include "control/handover.h"
#include "tether/service.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- what others ask --------------------------------------------------------- */

/* A session in which the server forbids streams would do so for ever, whatever its
 * configuration says by now. No open connection is cut for a new session. */
static bool is_outdated(const struct tether *t)
{
    const struct pool_counts n = pool_counts(t->pool);

    return pool_prohibited(t->pool) && n.open + n.held == 0;
}

static void on_retry(void *user, bool keep)
{
    struct tether *t = user;

    if (keep) {
        t->for_others = false;
        idle_close(t->idle_hop);
        t->idle_hop = NULL;
    }
    if (t->state == STATE_SERVING && is_outdated(t)) {
        log_info(t->cfg->log, "the server has refused a stream in this session: a new one is made");
        tether_post(t, EVENT_UNUSED);
        tether_post(t, EVENT_DEMAND);
    } else if (t->state == STATE_SERVING || t->state == STATE_ASLEEP) {
        control_server_answer(t->control, NULL);
    } else {
        tether_post(t, EVENT_RETRY);
    }
}

static int on_stop(void *user, bool force, struct err *e)
{
    struct tether *t = user;
    uint64_t streams = pool_counts(t->pool).streams;

    if (streams > 0 && !force) {
        err_set(e, ERR_FAILED, "", "%" PRIu64 " other tether%s", streams,
                streams == 1 ? " uses it as a hop" : "s use it as a hop");
        return err_hint(e, "docktether down --force %s takes %s down too", t->cfg->profile->name,
                        streams == 1 ? "it" : "them");
    }
    tether_post(t, EVENT_STOP);
    return 0;
}

static void on_stream(void *user, int fd, const char *host, int64_t port)
{
    struct tether *t = user;

    suspend_look(t->suspend);
    pool_accept_stream(t->pool, fd, host, port);
    tether_mark_dirty(t);
}

/* Of the predecessors; those that have ended are forgotten. */
static size_t count_draining(struct tether *t)
{
    size_t left = 0;

    for (size_t i = 0; i < t->ends_count; i++) {
        char byte;
        if (recv(t->ends[i], &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0)
            close(t->ends[i]);
        else
            t->ends[left++] = t->ends[i];
    }
    t->ends_count = left;
    return left;
}

static json_t *on_status(void *user)
{
    struct tether *t = user;
    bool waits = t->state == STATE_WAITING && uv_is_active((uv_handle_t *)&t->backoff);

    t->status.draining = count_draining(t);
    t->status.next_attempt_ms = waits ? time_wall_ms() + (int64_t)uv_timer_get_due_in(&t->backoff) : 0;
    t->status.round_trip_us = t->poll != NULL ? session_poll_round_trip_us(t->poll) : -1;
    t->status.for_others = t->for_others;
    const struct status_facts facts = { .profile = t->cfg->profile,
                                        .socket = t->cfg->runtime->sock,
                                        .unit = t->cfg->service != NULL ? t->cfg->service->unit : NULL,
                                        .agent = identities_agent(t->cfg->identities),
                                        .replaceable = t->cfg->replaceable };

    return status_json(&t->status, &facts, pool_counts(t->pool));
}

/* ---- the sockets ------------------------------------------------------------- */

static int open_control(struct tether *t, struct err *e)
{
    const struct control_server_owner owner = { .status = on_status,
                                                .retry = on_retry,
                                                .stop = on_stop,
                                                .replace = tether_offer_place,
                                                .replaced = tether_give_place,
                                                .kept = tether_keep_place,
                                                .stream = on_stream,
                                                .user = t };

    /* With the lock it is a leftover, or still listened on by the tether that has just been
     * replaced. */
    unlink(t->cfg->runtime->ctl);
    int fd = unixsock_listen(t->cfg->runtime->ctl, e);
    if (fd < 0)
        return -1;
    t->control = control_server_new(&t->loop, fd, t->cfg->log, &owner);
    if (t->control != NULL)
        return 0;
    close(fd);
    return err_set(e, ERR_FAILED, "runtime", "cannot poll a socket");
}

/* The file that is there now is the one that we made or were given. */
static void note_socket(struct tether *t)
{
    struct stat st;

    t->sock_inode = lstat(t->cfg->runtime->sock, &st) == 0 ? st.st_ino : 0;
}

static void on_accept(void *user, int fd)
{
    struct tether *t = user;

    suspend_look(t->suspend);
    pool_accept(t->pool, fd);
    tether_mark_dirty(t);
}

/* fd is one that listens already; -1: a new one is made. */
static int open_listener(struct tether *t, int fd, struct err *e)
{
    const struct service *service = t->cfg->service;

    if (service != NULL && service->sock >= 0) {
        /* Of one that was replaced; the service manager's has its path now. */
        if (fd >= 0)
            close(fd);
        fd = fcntl(service->sock, F_DUPFD_CLOEXEC, 3);
        if (fd < 0)
            return err_set_errno(e, ERR_FAILED, "runtime", "cannot duplicate a descriptor");
    }
    if (!profile_has_docker(t->cfg->profile)) {
        if (fd >= 0)
            close(fd);
        unlink(t->cfg->runtime->sock);
        return 0;
    }
    if (fd < 0)
        fd = unixsock_listen(t->cfg->runtime->sock, e);
    if (fd < 0)
        return -1;
    note_socket(t);
    t->listener = listener_new(&t->loop, fd, t->cfg->log, on_accept, t);
    if (t->listener != NULL) {
        listener_set_limit(t->listener, pool_listen_limit(t->pool));
        return 0;
    }
    close(fd);
    return err_set(e, ERR_FAILED, "runtime", "cannot poll a socket");
}

bool tether_owns_socket(const struct tether *t)
{
    struct stat st;

    if (t->cfg->service != NULL && t->cfg->service->sock >= 0)
        return false;
    return t->sock_inode != 0 && lstat(t->cfg->runtime->sock, &st) == 0 && st.st_ino == t->sock_inode;
}

int tether_open(struct tether *t, struct err *e)
{
    struct handover *s = mem_alloc(sizeof *s);

    handover_init(s);
    int rc = t->cfg->replace ? tether_take_place(t, s, e) : 0;
    /* Ours from here, also when what follows fails: no other process will remove it. */
    if (s->sock >= 0)
        note_socket(t);
    if (rc == 0)
        rc = open_control(t, e);
    if (rc == 0) {
        rc = open_listener(t, s->sock, e);
        s->sock = -1;
    }
    for (size_t i = 0; rc == 0 && i < s->held_count; i++) {
        pool_accept(t->pool, s->held[i]);
        s->held[i] = -1;
    }
    handover_clear(s);
    free(s);
    return rc;
}
