#include "control/tether-client.h"

#include "base/mem.h"
#include "base/time.h"
#include "base/unixsock.h"
#include "control/control-client.h"
#include "control/lock.h"
#include "store/runtime.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ANSWER_MS 5000
#define DOWN_MS 5000 /* to end by itself; then SIGTERM, then SIGKILL */
#define SIGTERM_MS 2000
#define SIGKILL_MS 2000
#define EXIT_MS 2000
#define POLL_MS 10

bool tether_client_running(const char *name)
{
    struct runtime rt;
    pid_t pid;

    if (runtime_init(&rt, name, NULL) != 0)
        return false;
    bool running = lock_is_held(&rt, &pid);
    runtime_clear(&rt);
    return running;
}

json_t *tether_client_status_within(const char *name, int64_t ms, struct err *e)
{
    struct runtime rt;
    pid_t pid;
    json_t *status = NULL;

    if (runtime_init(&rt, name, e) != 0)
        return NULL;
    if (lock_is_held(&rt, &pid)) {
        json_t *answer = control_client_ask(&rt, control_client_op("status"), ms, e);
        status = json_incref(json_object_get(answer, "status"));
        if (answer != NULL && status == NULL)
            err_set(e, ERR_FAILED, "control", "the tether's answer has no status");
        json_decref(answer);
        /* It may have ended in between, which is no error. */
        if (status == NULL && !lock_is_held(&rt, &pid))
            err_clear(e);
    }
    runtime_clear(&rt);
    return status;
}

json_t *tether_client_status(const char *name, struct err *e)
{
    return tether_client_status_within(name, ANSWER_MS, e);
}

/* True when the lock was given up in time. */
static bool await_end(const struct runtime *rt, int64_t ms)
{
    struct deadline d = deadline_in(ms);
    pid_t pid;

    while (lock_is_held(rt, &pid)) {
        if (deadline_left(d) == 0)
            return false;
        poll(NULL, 0, POLL_MS);
    }
    return true;
}

static bool end_by_signal(const struct runtime *rt, int number, int64_t ms)
{
    struct lock_holder h = lock_find_holder(rt);

    lock_signal_holder(rt, &h, number);
    lock_forget_holder(&h);
    return await_end(rt, ms);
}

static int end(const struct runtime *rt, bool force, struct err *e)
{
    struct err refused = ERR_INIT;

    json_t *answer =
        control_client_ask(rt, json_pack("{s:s,s:b}", "op", "down", "force", force), DOWN_MS, &refused);
    json_decref(answer);
    /* The tether's own refusal, not the end of file that is its end. */
    if (refused.code != ERR_NONE && strcmp(refused.layer, "control") != 0) {
        if (e != NULL)
            *e = refused;
        return -1;
    }

    if (await_end(rt, DOWN_MS) || end_by_signal(rt, SIGTERM, SIGTERM_MS) ||
        end_by_signal(rt, SIGKILL, SIGKILL_MS))
        return 0;
    return err_set(e, ERR_FAILED, "runtime", "the process that holds %s does not end", rt->lock);
}

/* What a killed tether left behind; only with the lock, lest a new tether that
 * begins right now loses its sockets. */
static void clean_up(const struct runtime *rt)
{
    int fd;

    if (access(rt->lock, F_OK) != 0)
        return;
    if (lock_take_to_clean(rt, &fd, NULL) == 0) {
        /* One that a service manager keeps listening on is no leftover. */
        runtime_remove(rt, !unixsock_listening(rt->sock));
        close(fd);
    }
}

int tether_client_down(const char *name, bool force, struct err *e)
{
    struct runtime rt;
    pid_t pid;

    if (runtime_init(&rt, name, e) != 0)
        return -1;
    struct lock_holder holder = lock_find_holder(&rt);
    int rc = lock_is_held(&rt, &pid) ? end(&rt, force, e) : 1;
    /* The lock is given up a moment before the process ends. */
    if (rc == 0)
        (void)lock_await_holder(&holder, EXIT_MS);
    lock_forget_holder(&holder);
    if (rc >= 0)
        clean_up(&rt);
    runtime_clear(&rt);
    return rc;
}
