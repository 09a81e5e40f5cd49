#include "tether/login-slots.h"

#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#define LOOK_MS 20

/* Each server has SLOTS bytes of the file, by FNV-1a of its name. Two servers
 * that share them only wait a little more. */
static off_t place_of(const char *host, int64_t port)
{
    uint32_t hash = 2166136261U;

    for (const char *c = host; *c != '\0'; c++)
        hash = (hash ^ (unsigned char)*c) * 16777619U;
    hash = (hash ^ (uint32_t)port) * 16777619U;
    return (off_t)(hash & 0xfffffU) * SLOTS;
}

/* Record locks, because one file serves for all places and nothing has to be
 * cleaned up. */
static int try_all(int fd, off_t at)
{
    for (int i = 0; i < SLOTS; i++) {
        struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = at + i, .l_len = 1 };
        if (fcntl(fd, F_SETLK, &lock) == 0)
            return 0;
    }
    return -1;
}

int login_slots_take(const char *path, const char *host, int64_t port, const struct wait *w)
{
    off_t at = place_of(host, port);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return -1;
    bool told = false;
    while (try_all(fd, at) != 0) {
        if (!told)
            wait_note(w, "turn", host);
        told = true;
        struct pollfd p = { .fd = w->cancel_fd, .events = POLLIN };
        int left = deadline_left(w->deadline);
        if (left == 0 || poll(&p, 1, left < LOOK_MS ? left : LOOK_MS) > 0) {
            close(fd);
            return -1;
        }
    }
    return fd;
}

void login_slots_give(int fd)
{
    if (fd >= 0)
        close(fd);
}
