/* epoll-set: the readiness of many descriptors, told once for each change of it
 * (epoll(7), EPOLLET; hence Linux: elsewhere EV_CLEAR of kqueue means the same).
 *
 * One set for all, so that a descriptor costs one system call when it comes and
 * one when it goes, and so that what is left unread on purpose (see unread-byte.h) does
 * not keep the loop awake, as it would with uv_poll. */
#ifndef DOCKTETHER_RELAY_EPOLL_SET_H
#define DOCKTETHER_RELAY_EPOLL_SET_H

#include <stdbool.h>
#include <uv.h>

struct epoll_set;

enum {
    EPOLL_SET_READABLE = 1, /* something has come since, or the other side has ended its direction */
    EPOLL_SET_WRITABLE = 2, /* only after epoll_set_want_writable() */
    EPOLL_SET_END = 4,      /* the other side sends no more */
    EPOLL_SET_GONE = 8,     /* both directions are over, or the descriptor is broken */
};

/* One descriptor, a part of whatever it belongs to. */
struct epoll_set_item {
    int fd; /* -1: not in a set */
    bool writable_wanted;
    void (*changed)(void *user, int what);
    void *user;
};

/* NULL when the system has none to give. */
struct epoll_set *epoll_set_new(uv_loop_t *loop);

/* What the descriptor is now is told first, from the loop. 0, or -1: it is not
 * in the set. The descriptor stays the caller's. */
int epoll_set_add(struct epoll_set *set, struct epoll_set_item *it, int fd);

/* changed() is not called any more. The descriptor may be closed only then. */
void epoll_set_remove(struct epoll_set *set, struct epoll_set_item *it);

/* A writable descriptor is told of once for each time it has become so, as long
 * as this is wanted. */
void epoll_set_want_writable(struct epoll_set *set, struct epoll_set_item *it, bool wanted);

/* Every item must have been removed. set may be NULL. */
void epoll_set_close(struct epoll_set *set);

#endif
