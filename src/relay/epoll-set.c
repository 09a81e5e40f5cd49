#include "relay/epoll-set.h"

#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#define BATCH 64

struct epoll_set {
    uv_poll_t poll;
    int fd;
    struct epoll_event *batch; /* being told, NULL otherwise */
    int count;
};

static int what_of(uint32_t events)
{
    int what = 0;

    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        what |= EPOLL_SET_READABLE;
    if (events & EPOLLOUT)
        what |= EPOLL_SET_WRITABLE;
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        what |= EPOLL_SET_END;
    if (events & (EPOLLHUP | EPOLLERR))
        what |= EPOLL_SET_GONE;
    return what;
}

/* One batch a turn: what is left makes the set readable again at once. */
static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct epoll_set *set = poll->data;
    struct epoll_event batch[BATCH];

    (void)status;
    (void)events;
    int n = epoll_wait(set->fd, batch, BATCH, 0);
    set->batch = batch;
    set->count = n;
    for (int i = 0; i < n; i++) {
        struct epoll_set_item *it = batch[i].data.ptr;
        if (it != NULL)
            it->changed(it->user, what_of(batch[i].events));
    }
    set->batch = NULL;
}

struct epoll_set *epoll_set_new(uv_loop_t *loop)
{
    struct epoll_set *set = mem_alloc(sizeof *set);

    set->fd = epoll_create1(EPOLL_CLOEXEC);
    if (set->fd < 0 || uv_poll_init(loop, &set->poll, set->fd) != 0) {
        if (set->fd >= 0)
            close(set->fd);
        free(set);
        return NULL;
    }
    set->poll.data = set;
    uv_poll_start(&set->poll, UV_READABLE, on_poll);
    return set;
}

static int control(struct epoll_set *set, int op, struct epoll_set_item *it)
{
    struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.ptr = it };

    if (it->writable_wanted)
        event.events |= EPOLLOUT;
    return epoll_ctl(set->fd, op, it->fd, &event);
}

int epoll_set_add(struct epoll_set *set, struct epoll_set_item *it, int fd)
{
    it->fd = fd;
    it->writable_wanted = false;
    if (control(set, EPOLL_CTL_ADD, it) == 0)
        return 0;
    it->fd = -1;
    return -1;
}

void epoll_set_remove(struct epoll_set *set, struct epoll_set_item *it)
{
    if (it->fd < 0)
        return;
    (void)epoll_ctl(set->fd, EPOLL_CTL_DEL, it->fd, NULL);
    it->fd = -1;
    for (int i = 0; set->batch != NULL && i < set->count; i++)
        if (set->batch[i].data.ptr == it)
            set->batch[i].data.ptr = NULL;
}

void epoll_set_want_writable(struct epoll_set *set, struct epoll_set_item *it, bool wanted)
{
    if (it->fd < 0 || it->writable_wanted == wanted)
        return;
    it->writable_wanted = wanted;
    (void)control(set, EPOLL_CTL_MOD, it);
}

static void on_closed(uv_handle_t *handle)
{
    struct epoll_set *set = handle->data;

    close(set->fd);
    free(set);
}

void epoll_set_close(struct epoll_set *set)
{
    if (set != NULL)
        uv_close((uv_handle_t *)&set->poll, on_closed);
}
