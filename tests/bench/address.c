#include "address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define RETRY_NS 1000000 /* a full listen queue is looked at again after this */
#define RETRIES 60000

int64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static bool parse_unix(struct address *a, const char *path)
{
    struct sockaddr_un un = { .sun_family = AF_UNIX };

    if (strlen(path) >= sizeof un.sun_path) {
        fprintf(stderr, "%s: the path is too long for a socket\n", path);
        return false;
    }
    strcpy(un.sun_path, path);
    memcpy(&a->at, &un, sizeof un);
    a->len = sizeof un;
    return true;
}

bool address_parse(struct address *a, const char *text)
{
    struct sockaddr_in in = { .sin_family = AF_INET };
    const char *colon = strrchr(text, ':');
    char host[64], *end = NULL;

    memset(a, 0, sizeof *a);
    if (text[0] == '/')
        return parse_unix(a, text);
    if (colon == NULL || (size_t)(colon - text) >= sizeof host) {
        fprintf(stderr, "%s: neither /PATH nor HOST:PORT\n", text);
        return false;
    }
    snprintf(host, sizeof host, "%.*s", (int)(colon - text), text);
    unsigned long port = strtoul(colon + 1, &end, 10);
    if (inet_pton(AF_INET, host, &in.sin_addr) != 1 || *end != '\0' || port == 0 || port > 65535) {
        fprintf(stderr, "%s: neither /PATH nor HOST:PORT\n", text);
        return false;
    }
    in.sin_port = htons((uint16_t)port);
    memcpy(&a->at, &in, sizeof in);
    a->len = sizeof in;
    return true;
}

int address_connect(const struct address *a, int extra)
{
    int fd = socket(a->at.ss_family, SOCK_STREAM | SOCK_CLOEXEC | extra, 0), one = 1;

    if (fd < 0)
        return -1;
    if (a->at.ss_family == AF_INET)
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    for (int i = 0; connect(fd, (const struct sockaddr *)&a->at, a->len) != 0; i++) {
        const struct timespec pause = { .tv_nsec = RETRY_NS };
        if (errno == EINPROGRESS)
            break;
        /* Only a non-blocking unix socket is told EAGAIN; a blocking one waits by itself. */
        if ((errno != EAGAIN && errno != EINTR) || i >= RETRIES) {
            int saved = errno;
            close(fd);
            errno = saved;
            return -1;
        }
        nanosleep(&pause, NULL);
    }
    return fd;
}

void raise_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

bool write_all(int fd, const void *data, uint64_t len)
{
    const char *at = data;

    while (len > 0) {
        ssize_t n = send(fd, at, len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += n;
        len -= (uint64_t)n;
    }
    return true;
}
