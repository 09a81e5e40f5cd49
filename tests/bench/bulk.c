/* bulk: a server on a unix socket that costs next to nothing, so that what lies
 * between it and its clients is measured and not a daemon's disk.
 *
 *     bulk --listen PATH [--docker PATH]
 *
 * GET /bulk?n=N streams N bytes, PUT /bulk swallows Content-Length bytes, /_ping
 * answers OK. With --docker every other connection is passed to that socket as
 * it is: one socket that has bulk and a real Docker Engine.
 *
 * A thread for each connection; it ends by a signal. */

#include "address.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK ((size_t)256 * 1024)

/* Bytes that no compression makes smaller; set before the first thread. */
static char noise[CHUNK];
static struct address docker;

struct client {
    int fd;
    char buf[8192];
    size_t have;
};

static void make_noise(void)
{
    uint64_t x = 88172645463325252u;

    for (size_t i = 0; i < sizeof noise; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        noise[i] = (char)(x >> 32);
    }
}

/* Reads until a head is complete; its length, or 0 when there is none to come. */
static size_t read_head(struct client *c)
{
    for (;;) {
        c->buf[c->have] = '\0';
        const char *end = strstr(c->buf, "\r\n\r\n");
        if (end != NULL)
            return (size_t)(end + 4 - c->buf);
        ssize_t n = recv(c->fd, c->buf + c->have, sizeof c->buf - 1 - c->have, 0);
        if (n <= 0)
            return 0;
        c->have += (size_t)n;
    }
}

static bool answer(struct client *c, uint64_t length, const char *body)
{
    char head[200];
    int n = snprintf(head, sizeof head,
                     "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %" PRIu64 "\r\n\r\n%s",
                     length, body);

    return write_all(c->fd, head, (uint64_t)n);
}

static bool stream(struct client *c, uint64_t left)
{
    if (!answer(c, left, ""))
        return false;
    while (left > 0) {
        uint64_t n = left < CHUNK ? left : CHUNK;
        if (!write_all(c->fd, noise, n))
            return false;
        left -= n;
    }
    return true;
}

/* What follows the head in the buffer counts first. */
static bool swallow(struct client *c, size_t head)
{
    const char *length = strcasestr(c->buf, "\r\nContent-Length:");
    uint64_t left = length != NULL ? strtoull(length + 17, NULL, 10) : 0;
    uint64_t here = c->have - head;
    char *buf = malloc(CHUNK);
    bool ok = buf != NULL;

    left -= here < left ? here : left;
    c->have = head;
    while (ok && left > 0) {
        ssize_t n = recv(c->fd, buf, left < CHUNK ? left : CHUNK, 0);
        ok = n > 0;
        left -= ok ? (uint64_t)n : 0;
    }
    free(buf);
    return ok && answer(c, 0, "");
}

/* One direction's share of a passed connection; false when it has ended. */
static bool pass_some(int from, int to, char *buf)
{
    ssize_t n = recv(from, buf, CHUNK, 0);

    if (n > 0 && write_all(to, buf, (uint64_t)n))
        return true;
    (void)shutdown(to, SHUT_WR);
    return false;
}

static void pass(struct client *c)
{
    int fd = address_connect(&docker, 0);
    char *buf = malloc(CHUNK);
    struct pollfd fds[2] = { { .fd = c->fd, .events = POLLIN }, { .fd = fd, .events = POLLIN } };

    if (fd >= 0 && buf != NULL && write_all(fd, c->buf, c->have))
        while ((fds[0].fd >= 0 || fds[1].fd >= 0) && (poll(fds, 2, -1) > 0 || errno == EINTR)) {
            if (fds[0].revents != 0 && !pass_some(c->fd, fd, buf))
                fds[0].fd = -1;
            if (fds[1].revents != 0 && !pass_some(fd, c->fd, buf))
                break; /* nobody is left who would answer */
        }
    free(buf);
    if (fd >= 0)
        close(fd);
}

static bool begins(const struct client *c, const char *with)
{
    return strncmp(c->buf, with, strlen(with)) == 0;
}

static void *serve(void *user)
{
    struct client *c = user;
    bool go_on = true;
    size_t head;

    while (go_on && (head = read_head(c)) > 0) {
        if (begins(c, "GET /bulk?n=")) {
            go_on = stream(c, strtoull(c->buf + 12, NULL, 10));
        } else if (begins(c, "PUT /bulk ")) {
            go_on = swallow(c, head);
        } else if (begins(c, "GET /_ping ") && docker.len == 0) {
            go_on = answer(c, 2, "OK");
        } else {
            if (docker.len > 0)
                pass(c);
            break;
        }
        c->have -= head;
        memmove(c->buf, c->buf + head, c->have);
    }
    close(c->fd);
    free(c);
    return NULL;
}

static int run(int listener)
{
    pthread_attr_t attr;
    pthread_t thread;

    if (pthread_attr_init(&attr) != 0 || pthread_attr_setstacksize(&attr, (size_t)128 * 1024) != 0 ||
        pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED) != 0)
        return 1;
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno == EINTR || errno == ECONNABORTED)
                continue;
            perror("bulk: accept");
            return 1;
        }
        struct client *c = calloc(1, sizeof *c);
        if (c != NULL)
            c->fd = fd;
        if (c == NULL || pthread_create(&thread, &attr, serve, c) != 0) {
            close(fd);
            free(c);
        }
    }
}

int main(int argc, char **argv)
{
    static const struct option options[] = { { "listen", required_argument, NULL, 'l' },
                                             { "docker", required_argument, NULL, 'd' },
                                             { NULL, 0, NULL, 0 } };
    struct address at = { .len = 0 };
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
        if ((c != 'l' && c != 'd') || !address_parse(c == 'l' ? &at : &docker, optarg))
            return 2;
    if (at.len == 0 || at.at.ss_family != AF_UNIX || optind != argc) {
        fputs("usage: bulk --listen PATH [--docker PATH]\n", stderr);
        return 2;
    }
    raise_descriptors();
    make_noise();
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&at.at, at.len) != 0 || listen(fd, 4096) != 0) {
        perror("bulk: listen");
        return 1;
    }
    return run(fd);
}
