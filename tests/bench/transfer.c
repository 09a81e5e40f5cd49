#include "load.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHUNK ((size_t)256 * 1024)

extern char **environ;

static int complain(const char *what, int error)
{
    fprintf(stderr, "load: %s%s%s\n", what, error != 0 ? ": " : "", error != 0 ? strerror(error) : "");
    return 1;
}

/* A head that begins with 200: its length in buf, with have bytes read in all; 0 with a message. */
static size_t read_head(int fd, char *buf, size_t size, size_t *have)
{
    *have = 0;
    while (*have < size - 1) {
        ssize_t n = recv(fd, buf + *have, size - 1 - *have, 0);
        if (n <= 0) {
            complain(n == 0 ? "closed without an answer" : "recv", n == 0 ? 0 : errno);
            return 0;
        }
        *have += (size_t)n;
        buf[*have] = '\0';
        const char *end = strstr(buf, "\r\n\r\n");
        if (end == NULL)
            continue;
        if (strncmp(buf, "HTTP/1.1 200 ", 13) == 0)
            return (size_t)(end + 4 - buf);
        buf[strcspn(buf, "\r")] = '\0';
        complain(buf, 0);
        return 0;
    }
    complain("a head without end", 0);
    return 0;
}

static void report_transfer(uint64_t bytes, int64_t ns)
{
    printf("{\"bytes\": %" PRIu64 ", \"ms\": %.3f, \"mb_per_s\": %.3f}\n", bytes, (double)ns / 1e6,
           (double)bytes * 1e3 / (double)ns);
}

int load_down(const struct load *l)
{
    char *buf = malloc(CHUNK), request[160];
    int64_t begun = now_ns();
    int fd = buf != NULL ? address_connect(&l->to, 0) : -1;
    size_t have = 0;

    if (fd < 0) {
        free(buf);
        return complain("connect", errno);
    }
    int len = snprintf(request, sizeof request, "GET /bulk?n=%" PRIu64 " HTTP/1.1\r\nHost: docker\r\n\r\n",
                       l->bytes);
    (void)write_all(fd, request, (uint64_t)len);
    size_t head = read_head(fd, buf, CHUNK, &have);
    uint64_t got = have - head;
    while (head > 0 && got < l->bytes) {
        ssize_t n = recv(fd, buf, CHUNK, 0);
        if (n <= 0)
            break;
        got += (uint64_t)n;
    }
    int64_t took = now_ns() - begun;
    close(fd);
    free(buf);
    if (head == 0 || got != l->bytes)
        return head == 0 ? 1 : complain("the stream ended early", 0);
    report_transfer(got, took);
    return 0;
}

int load_up(const struct load *l)
{
    char *buf = calloc(1, CHUNK);
    int64_t begun = now_ns();
    int fd = buf != NULL ? address_connect(&l->to, 0) : -1;
    bool all = true;
    size_t have = 0;

    if (fd < 0) {
        free(buf);
        return complain("connect", errno);
    }
    int len = snprintf(buf, CHUNK,
                       "PUT /bulk HTTP/1.1\r\nHost: docker\r\nContent-Length: %" PRIu64 "\r\n\r\n", l->bytes);
    all = write_all(fd, buf, (uint64_t)len);
    for (uint64_t left = l->bytes; all && left > 0;) {
        uint64_t n = left < CHUNK ? left : CHUNK;
        all = write_all(fd, buf, n);
        left -= n;
    }
    /* The time is over when the other end has all of it. */
    bool ok = all && read_head(fd, buf, CHUNK, &have) > 0;
    int64_t took = now_ns() - begun;
    close(fd);
    free(buf);
    if (!ok)
        return all ? 1 : complain("the other end took no more", 0);
    report_transfer(l->bytes, took);
    return 0;
}

int load_idle(const struct load *l)
{
    int *fds = calloc(l->count, sizeof *fds);
    size_t open = 0;
    char byte;

    while (fds != NULL && open < l->count && (fds[open] = address_connect(&l->to, 0)) >= 0)
        open++;
    if (open == l->count) {
        puts("ready");
        fflush(stdout);
        while (read(STDIN_FILENO, &byte, 1) > 0)
            continue;
    } else {
        complain("connect", errno);
    }
    size_t gone = 0;
    for (size_t i = 0; i < open; i++) {
        if (recv(fds[i], &byte, 1, MSG_DONTWAIT) >= 0 || errno != EAGAIN)
            gone++;
        close(fds[i]);
    }
    free(fds);
    if (gone > 0)
        fprintf(stderr, "load: %zu of %zu connections were ended\n", gone, open);
    return open == l->count && gone == 0 ? 0 : 1;
}

/* Standard output of the children goes nowhere; their errors stay ours. */
static pid_t spawn(char **argv)
{
    posix_spawn_file_actions_t actions;
    pid_t pid = -1;

    if (posix_spawn_file_actions_init(&actions) != 0)
        return -1;
    (void)posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    if (posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ) != 0)
        pid = -1;
    posix_spawn_file_actions_destroy(&actions);
    return pid;
}

int load_spawn(const struct load *l, char **argv)
{
    int64_t *times = calloc(l->count, sizeof *times), begun = now_ns();
    size_t started = 0, good = 0;
    int status;

    if (times == NULL)
        return complain("out of memory", 0);
    for (size_t i = 0; i < l->count; i++)
        if (spawn(argv) > 0)
            started++;
    for (size_t i = 0; i < started; i++)
        if (wait(&status) > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
            times[good++] = now_ns() - begun;
    report(l->count, l->count - good, good < l->count ? "a process failed" : NULL, now_ns() - begun, times,
           good);
    free(times);
    return good < l->count ? 1 : 0;
}
