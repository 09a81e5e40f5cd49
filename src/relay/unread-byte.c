#include "relay/unread-byte.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static size_t queued(int fd)
{
    int n = 0;

    return ioctl(fd, FIONREAD, &n) == 0 && n > 0 ? (size_t)n : 0;
}

size_t unread_byte_waiting(const struct unread_byte *u, int fd)
{
    size_t all = queued(fd);

    return all > u->kept ? all - u->kept : 0;
}

static ssize_t receive(int fd, char *buf, size_t len, int flags)
{
    ssize_t n;

    do
        n = recv(fd, buf, len, flags | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    return n;
}

/* One byte of the old, then the new. */
ssize_t unread_byte_read(struct unread_byte *u, int fd, char *buf, size_t size, size_t room, char **start)
{
    size_t all = queued(fd), old = u->kept, got = 0;

    *start = buf + old;
    if (all <= old || room == 0)
        return 0;
    if (room > size - old)
        room = size - old;
    bool whole = all <= room + old;
    size_t take = whole ? all - 1 : room + old;
    if (take > 0) {
        ssize_t n = receive(fd, buf, take, 0);
        if (n <= 0)
            return n < 0 && errno != EAGAIN && errno != EWOULDBLOCK ? -1 : 0;
        got = (size_t)n;
        u->kept = false;
    }
    if (whole && got == take && receive(fd, buf + got, 1, MSG_PEEK) == 1) {
        got++;
        u->kept = true;
    }
    if (got > old)
        return (ssize_t)(got - old);
    /* Only the old byte came: a client that passes descriptors ends a read there. */
    return got > 0 ? unread_byte_read(u, fd, buf, size, room, start) : 0;
}

void unread_byte_take(struct unread_byte *u, int fd)
{
    char byte;

    if (u->kept)
        (void)receive(fd, &byte, 1, 0);
    u->kept = false;
}
