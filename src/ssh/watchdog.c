#include "ssh/watchdog.h"

#include "base/mem.h"
#include "base/thread.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

struct watchdog {
    pthread_t thread;
    pthread_mutex_t lock; /* of stop, and of going to sleep */
    pthread_cond_t wake;
    int fd;
    atomic_uint calls; /* begun and ended: odd within one */
    atomic_bool asleep, fired;
    bool stop;
};

/* A second later, or earlier when it is to stop. True after the whole second. */
static bool wait_a_second(struct watchdog *w)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec++;
    return pthread_cond_timedwait(&w->wake, &w->lock, &at) == ETIMEDOUT;
}

/* Seconds are counted, and not the time that has passed: a process that was
 * stopped or suspended goes on with the call that it was in. */
static void *run(void *arg)
{
    struct watchdog *w = arg;
    unsigned strikes = 0;

    pthread_mutex_lock(&w->lock);
    while (!w->stop) {
        const unsigned before = atomic_load(&w->calls);
        const bool whole = wait_a_second(w);
        const bool same = atomic_load(&w->calls) == before;
        if (same && before % 2 == 0) {
            strikes = 0;
            atomic_store(&w->asleep, true);
            while (!w->stop && atomic_load(&w->calls) == before)
                pthread_cond_wait(&w->wake, &w->lock);
            atomic_store(&w->asleep, false);
        } else if (!same) {
            strikes = 0;
        } else if (whole && ++strikes == WATCHDOG_S) {
            atomic_store(&w->fired, true);
            shutdown(w->fd, SHUT_RDWR);
        }
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

struct watchdog *watchdog_start(int fd)
{
    struct watchdog *w = mem_alloc(sizeof *w);
    pthread_condattr_t attr;

    w->fd = fd;
    pthread_mutex_init(&w->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&w->wake, &attr);
    pthread_condattr_destroy(&attr);
    if (thread_start(&w->thread, run, w) == 0)
        return w;
    pthread_cond_destroy(&w->wake);
    pthread_mutex_destroy(&w->lock);
    free(w);
    return NULL;
}

void watchdog_enter(struct watchdog *w)
{
    if (w == NULL)
        return;
    atomic_fetch_add(&w->calls, 1);
    if (!atomic_load(&w->asleep))
        return;
    pthread_mutex_lock(&w->lock);
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
}

void watchdog_leave(struct watchdog *w)
{
    if (w != NULL)
        atomic_fetch_add(&w->calls, 1);
}

const atomic_bool *watchdog_fired(const struct watchdog *w)
{
    return w != NULL ? &w->fired : NULL;
}

void watchdog_stop(struct watchdog *w)
{
    if (w == NULL)
        return;
    pthread_mutex_lock(&w->lock);
    w->stop = true;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    pthread_cond_destroy(&w->wake);
    pthread_mutex_destroy(&w->lock);
    free(w);
}
