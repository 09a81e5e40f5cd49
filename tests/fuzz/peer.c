#include "peer.h"

#include "fuzz.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct peer {
    struct sockaddr_un address;
    const uint8_t *data;
    size_t size;
    int listener;
    int wake[2]; /* ends the wait for a connection */
    pthread_t thread;
};

static void *serve(void *arg)
{
    struct peer *p = arg;
    struct pollfd fds[] = { { .fd = p->listener, .events = POLLIN }, { .fd = p->wake[0], .events = POLLIN } };
    char asked[4096];

    FUZZ_HOLDS(poll(fds, 2, -1) > 0);
    int fd = fds[0].revents != 0 ? accept(p->listener, NULL, NULL) : -1;
    if (fd >= 0) {
        /* What is unread at the end would make a reset of it. */
        (void)recv(fd, asked, sizeof asked, 0);
        (void)send(fd, p->data, p->size, MSG_NOSIGNAL);
        close(fd);
    }
    return NULL;
}

struct peer *peer_start(const char *name, const uint8_t *data, size_t size)
{
    struct peer *p = calloc(1, sizeof *p);

    FUZZ_HOLDS(p != NULL);
    p->data = data;
    p->size = size;
    p->address.sun_family = AF_UNIX;
    snprintf(p->address.sun_path, sizeof p->address.sun_path, "%s/%s", fuzz_home(), name);
    unlink(p->address.sun_path);
    p->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    FUZZ_HOLDS(bind(p->listener, (const struct sockaddr *)&p->address, sizeof p->address) == 0);
    FUZZ_HOLDS(listen(p->listener, 1) == 0 && pipe(p->wake) == 0);
    FUZZ_HOLDS(pthread_create(&p->thread, NULL, serve, p) == 0);
    return p;
}

const char *peer_path(const struct peer *p)
{
    return p->address.sun_path;
}

void peer_end(struct peer *p)
{
    close(p->wake[1]);
    pthread_join(p->thread, NULL);
    close(p->wake[0]);
    close(p->listener);
    free(p);
}
