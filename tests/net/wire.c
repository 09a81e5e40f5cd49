/* wire: a TCP proxy that delays, limits, stalls, cuts and garbles, for the tests.
 *
 *     wire [--listen HOST:PORT] --to HOST:PORT|/unix/path [--delay MS] [--rate BYTES_PER_S]
 *          --control /path.sock
 *     wire --tell /path.sock WORD...
 *
 * Prints the port it listens on, as one line, when it is ready. --delay is one way;
 * --rate is that of the line, each way, shared by all connections. A line to the
 * control socket gets a line of JSON:
 *
 *     delay MS | rate N        from now on (rate 0: no limit)
 *     stall | go               bytes stop, connections stay; and go on
 *     blackhole                the same, and who connects gets no further than the SYN;
 *                              `go` lets all of it arrive, late
 *     refuse | accept          the port is closed; and open
 *     cut fin|rst              all connections, now
 *     cut fin|rst after N up|down     once, at byte N of a connection in that direction
 *     cut fin|rst in N up|down        once, after N more bytes in that direction
 *     flip [after|in] N up|down       a bit of byte N, in the same two ways
 *     forget                   all cuts and flips that have not happened yet
 *     stats | reset-stats      connections, bytes, and turnarounds: how often the
 *                              flow changed its direction
 *
 * What it is not: the ends still have kernels with short round trips, so that TCP's
 * own slow start is not seen; and a stalled line shows as a closed window, not as loss. */
#include "wire.h"

#include <errno.h>
#include <getopt.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 512
#define BUFFER 262144

void *wire_alloc(size_t size)
{
    void *p = calloc(1, size);

    if (p == NULL)
        abort();
    return p;
}

static int usage(void)
{
    (void)fputs(
        "usage: wire [--listen HOST:PORT] --to HOST:PORT|/unix/path [--delay MS] [--rate BYTES_PER_S]\n"
        "            --control /path.sock\n"
        "       wire --tell /path.sock WORD...\n",
        stderr);
    return 2;
}

/* ---- the port ------------------------------------------------------------- */

static void on_acceptable(uv_poll_t *poll, int status, int events)
{
    struct wire *w = poll->data;

    (void)status;
    (void)events;
    for (;;) {
        int fd = accept4(w->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0)
            return;
        conn_new(w, fd);
    }
}

static void on_listener_closed(uv_handle_t *handle)
{
    free(handle);
}

void wire_refuse(struct wire *w)
{
    if (w->listen_fd < 0)
        return;
    uv_close((uv_handle_t *)w->listener, on_listener_closed);
    close(w->listen_fd);
    w->listen_fd = -1;
}

int wire_listen(struct wire *w)
{
    const int one = 1, buffer = BUFFER;
    int fd;

    if (w->listen_fd >= 0)
        return 0;
    fd = socket(w->listen.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer); /* accepted ones inherit it */
    if (bind(fd, (struct sockaddr *)&w->listen, w->listen_len) != 0 || listen(fd, BACKLOG) != 0 ||
        getsockname(fd, (struct sockaddr *)&w->listen, &w->listen_len) != 0) {
        close(fd);
        return -1;
    }
    w->listen_fd = fd;
    w->listener = wire_alloc(sizeof *w->listener);
    uv_poll_init(&w->loop, w->listener, fd);
    w->listener->data = w;
    return uv_poll_start(w->listener, UV_READABLE, on_acceptable);
}

static unsigned port_of(const struct wire *w)
{
    return ntohs(w->listen.ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)&w->listen)->sin6_port
                                                 : ((const struct sockaddr_in *)&w->listen)->sin_port);
}

/* ---- the command line ------------------------------------------------------- */

static int parse_address(const char *text, struct sockaddr_storage *address, socklen_t *len)
{
    const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
    struct addrinfo *found = NULL;
    char host[256];

    if (text[0] == '/') {
        struct sockaddr_un *name = (struct sockaddr_un *)address;
        name->sun_family = AF_UNIX;
        *len = sizeof *name;
        return snprintf(name->sun_path, sizeof name->sun_path, "%s", text) < (int)sizeof name->sun_path ? 0
                                                                                                        : -1;
    }
    (void)snprintf(host, sizeof host, "%s", text[0] == '[' ? text + 1 : text);
    char *colon = strrchr(host, ':');
    if (colon == NULL)
        return -1;
    *colon = '\0';
    if (text[0] == '[' && colon > host && colon[-1] == ']')
        colon[-1] = '\0';
    if (getaddrinfo(host, colon + 1, &hints, &found) != 0)
        return -1;
    memcpy(address, found->ai_addr, found->ai_addrlen);
    *len = found->ai_addrlen;
    freeaddrinfo(found);
    return 0;
}

static const char *parse(struct wire *w, int argc, char **argv)
{
    static const struct option options[] = {
        { "listen", required_argument, NULL, 'l' },  { "to", required_argument, NULL, 't' },
        { "delay", required_argument, NULL, 'd' },   { "rate", required_argument, NULL, 'r' },
        { "control", required_argument, NULL, 'c' }, { NULL, 0, NULL, 0 },
    };
    const char *control = NULL;
    int option;

    if (parse_address("127.0.0.1:0", &w->listen, &w->listen_len) != 0)
        return NULL;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'l' && parse_address(optarg, &w->listen, &w->listen_len) == 0)
            continue;
        if (option == 't' && parse_address(optarg, &w->to, &w->to_len) == 0)
            continue;
        if (option == 'd')
            w->delay_us = strtoll(optarg, NULL, 10) * 1000;
        else if (option == 'r')
            w->rate = strtoull(optarg, NULL, 10);
        else if (option == 'c')
            control = optarg;
        else
            return NULL;
    }
    return optind == argc && w->to_len > 0 ? control : NULL;
}

/* ---- the program --------------------------------------------------------------- */

static void on_room(uv_timer_t *timer)
{
    conn_update_all(timer->loop->data);
}

static void on_signal(uv_signal_t *signal, int number)
{
    (void)number;
    uv_stop(signal->loop);
}

static void watch_signal(struct wire *w, uv_signal_t *signal, int number)
{
    uv_signal_init(&w->loop, signal);
    uv_signal_start(signal, on_signal, number);
}

int main(int argc, char **argv)
{
    static struct wire wire; /* zeroed, and too large for a stack */
    struct wire *w = &wire;
    uv_signal_t term, interrupt;

    if (argc > 3 && strcmp(argv[1], "--tell") == 0)
        return control_tell(argv[2], argc - 3, argv + 3);
    const char *control = parse(w, argc, argv);
    if (control == NULL)
        return usage();
    signal(SIGPIPE, SIG_IGN);
    uv_loop_init(&w->loop);
    w->loop.data = w;
    w->listen_fd = -1;
    uv_timer_init(&w->loop, &w->room);
    w->on_room = on_room;
    watch_signal(w, &term, SIGTERM);
    watch_signal(w, &interrupt, SIGINT);
    if (wire_listen(w) != 0) {
        perror("wire: cannot listen");
        return 1;
    }
    int rc = control_open(w, control);
    if (rc != 0) {
        (void)fprintf(stderr, "wire: %s: %s\n", control, uv_strerror(rc));
        return 1;
    }
    (void)printf("%u\n", port_of(w));
    (void)fflush(stdout);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    unlink(control);
    return 0;
}
