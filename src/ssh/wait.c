#include "ssh/wait.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>

void wait_note(const struct wait *w, const char *what, const char *whom)
{
    if (w->note != NULL)
        w->note(w->note_user, what, whom);
}

enum wait_result wait_fd(const struct wait *w, int fd, short events)
{
    struct pollfd fds[2] = { { .fd = fd, .events = events }, { .fd = w->cancel_fd, .events = POLLIN } };

    for (;;) {
        int left = deadline_left(w->deadline);
        /* Before poll(): a peer that never stops sending is always ready. */
        if (left == 0)
            return WAIT_TIMEOUT;
        int n = poll(fds, 2, left);
        if (n < 0 && errno == EINTR)
            continue;
        if (n == 0)
            return WAIT_TIMEOUT;
        return n > 0 && fds[1].revents != 0 ? WAIT_CANCELLED : WAIT_READY;
    }
}
