#include "wire.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#define LINE_MAX_LEN 512
#define ANSWER_MAX (64 * 1024)
#define WORDS_MAX 8

struct control {
    uv_pipe_t pipe; /* the first member: a handle is its control */
    struct wire *wire;
    char line[LINE_MAX_LEN];
    size_t len;
};

struct answer {
    uv_write_t req;
    size_t len;
    char text[ANSWER_MAX];
};

/* ---- answers --------------------------------------------------------------- */

static void say(struct answer *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void say(struct answer *a, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    int n = vsnprintf(a->text + a->len, sizeof a->text - a->len, fmt, args);
    va_end(args);
    if (n > 0)
        a->len += (size_t)n < sizeof a->text - a->len ? (size_t)n : sizeof a->text - a->len - 1;
}

static void say_counts(struct answer *a, const struct counts *n, bool open, bool *first)
{
    say(a,
        "%s{\"id\":%" PRIu64 ",\"open\":%s,\"up\":%" PRIu64 ",\"down\":%" PRIu64 ",\"turnarounds\":%" PRIu64,
        *first ? "" : ",", n->id, open ? "true" : "false", n->bytes[UP], n->bytes[DOWN], n->turnarounds);
    say(a, ",\"age_ms\":%" PRId64 "}", n->age_ms);
    *first = false;
}

static void say_stats(struct answer *a, const struct wire *w)
{
    struct counts n;
    bool first = true;

    say(a,
        "{\"ok\":true,\"connections\":%" PRIu64 ",\"open\":%" PRIu64 ",\"up\":%" PRIu64 ",\"down\":%" PRIu64,
        w->connections, w->open, w->bytes[UP], w->bytes[DOWN]);
    say(a, ",\"turnarounds\":%" PRIu64 ",\"cuts\":%" PRIu64 ",\"each\":[", w->turnarounds, w->cuts);
    for (uint64_t i = w->past_count > PAST_MAX ? w->past_count - PAST_MAX : 0; i < w->past_count; i++)
        say_counts(a, &w->past[i % PAST_MAX], false, &first);
    for (const struct conn *c = w->first; c != NULL && a->len < sizeof a->text - 512; c = conn_next(c)) {
        conn_counts(c, &n);
        say_counts(a, &n, true, &first);
    }
    say(a, "]}");
}

static void reset_stats(struct wire *w)
{
    w->connections = w->open;
    w->bytes[UP] = w->bytes[DOWN] = w->turnarounds = w->cuts = w->past_count = 0;
    conn_reset_counts(w);
}

/* ---- commands -------------------------------------------------------------- */

static bool number(const char *word, uint64_t *n)
{
    char *end;

    if (word == NULL || *word < '0' || *word > '9')
        return false;
    errno = 0;
    *n = strtoull(word, &end, 10);
    return errno == 0 && *end == '\0';
}

static bool direction(const char *word, enum dir *dir)
{
    if (word == NULL || (strcmp(word, "up") != 0 && strcmp(word, "down") != 0))
        return false;
    *dir = strcmp(word, "up") == 0 ? UP : DOWN;
    return true;
}

/* [after|in] N up|down; `after` may be left out. */
static const char *add_fault(struct wire *w, enum what what, char **words)
{
    struct fault f = { .what = what };

    if (words[0] != NULL && (strcmp(words[0], "after") == 0 || strcmp(words[0], "in") == 0))
        f.relative = strcmp(*words++, "in") == 0;
    if (!number(words[0], &f.at) || !direction(words[1], &f.dir) || words[2] != NULL)
        return "wanted: [after|in] N up|down";
    for (size_t i = 0; i < FAULTS_MAX; i++) {
        if (w->faults[i].what == FAULT_NONE) {
            w->faults[i] = f;
            return NULL;
        }
    }
    return "too many faults wait already";
}

static const char *cmd_cut(struct wire *w, char **words, struct answer *a)
{
    bool fin = words[0] != NULL && strcmp(words[0], "fin") == 0;

    if (!fin && (words[0] == NULL || strcmp(words[0], "rst") != 0))
        return "wanted: cut fin|rst [after|in N up|down]";
    enum what what = fin ? FAULT_FIN : FAULT_RST;
    if (words[1] != NULL)
        return add_fault(w, what, words + 1);
    say(a, "{\"ok\":true,\"cut\":%zu}", conn_cut_all(w, what));
    return NULL;
}

static const char *cmd_flip(struct wire *w, char **words, struct answer *a)
{
    (void)a;
    return add_fault(w, FAULT_FLIP, words);
}

static const char *cmd_forget(struct wire *w, char **words, struct answer *a)
{
    size_t waiting = 0;

    (void)words;
    for (size_t i = 0; i < FAULTS_MAX; i++)
        waiting += w->faults[i].what != FAULT_NONE;
    memset(w->faults, 0, sizeof w->faults);
    say(a, "{\"ok\":true,\"forgotten\":%zu}", waiting);
    return NULL;
}

static const char *cmd_delay(struct wire *w, char **words, struct answer *a)
{
    uint64_t ms;

    (void)a;
    if (!number(words[0], &ms) || ms > 3600000)
        return "wanted: delay MS";
    w->delay_us = (int64_t)ms * 1000;
    return NULL;
}

static const char *cmd_rate(struct wire *w, char **words, struct answer *a)
{
    (void)a;
    if (!number(words[0], &w->rate))
        return "wanted: rate BYTES_PER_SECOND, or 0";
    w->free_us[UP] = w->free_us[DOWN] = 0;
    return NULL;
}

static const char *cmd_stall(struct wire *w, char **words, struct answer *a)
{
    (void)words;
    (void)a;
    w->stalled = true;
    return NULL;
}

static const char *cmd_blackhole(struct wire *w, char **words, struct answer *a)
{
    w->blackhole = true;
    return cmd_stall(w, words, a);
}

static const char *cmd_go(struct wire *w, char **words, struct answer *a)
{
    (void)words;
    (void)a;
    w->stalled = w->blackhole = false;
    return NULL;
}

static const char *cmd_refuse(struct wire *w, char **words, struct answer *a)
{
    (void)words;
    (void)a;
    wire_refuse(w);
    return NULL;
}

static const char *cmd_accept(struct wire *w, char **words, struct answer *a)
{
    (void)words;
    (void)a;
    return wire_listen(w) == 0 ? NULL : strerror(errno);
}

static const char *cmd_stats(struct wire *w, char **words, struct answer *a)
{
    (void)words;
    say_stats(a, w);
    return NULL;
}

static const char *cmd_reset_stats(struct wire *w, char **words, struct answer *a)
{
    (void)words;
    (void)a;
    reset_stats(w);
    return NULL;
}

static const struct {
    const char *name;
    const char *(*run)(struct wire *w, char **words, struct answer *a);
} commands[] = {
    { "delay", cmd_delay },   { "rate", cmd_rate },
    { "stall", cmd_stall },   { "go", cmd_go },
    { "cut", cmd_cut },       { "flip", cmd_flip },
    { "forget", cmd_forget }, { "refuse", cmd_refuse },
    { "accept", cmd_accept }, { "blackhole", cmd_blackhole },
    { "stats", cmd_stats },   { "reset-stats", cmd_reset_stats },
};

static void run_line(struct wire *w, char *line, struct answer *a)
{
    char *words[WORDS_MAX + 1] = { NULL }, *rest = NULL;
    const char *problem = "no such command";
    size_t count = 0;

    for (char *word = strtok_r(line, " \r", &rest); word != NULL && count < WORDS_MAX;
         word = strtok_r(NULL, " \r", &rest))
        words[count++] = word;
    for (size_t i = 0; count > 0 && i < sizeof commands / sizeof *commands; i++)
        if (strcmp(commands[i].name, words[0]) == 0)
            problem = commands[i].run(w, words + 1, a);
    if (problem != NULL)
        say(a, "{\"ok\":false,\"error\":\"%s\"}", problem);
    else if (a->len == 0)
        say(a, "{\"ok\":true}");
    conn_update_all(w);
}

/* ---- the socket ------------------------------------------------------------ */

static void on_closed(uv_handle_t *handle)
{
    free(handle);
}

static void on_written(uv_write_t *req, int status)
{
    (void)status;
    free(req->data);
}

static void answer(struct control *k)
{
    struct answer *a = wire_alloc(sizeof *a);

    a->req.data = a;
    run_line(k->wire, k->line, a);
    a->text[a->len] = '\n';
    uv_buf_t buf = uv_buf_init(a->text, (unsigned)a->len + 1);
    if (uv_write(&a->req, (uv_stream_t *)&k->pipe, &buf, 1, on_written) != 0)
        free(a);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct control *k = (struct control *)handle;

    (void)suggested;
    *buf = uv_buf_init(k->line + k->len, (unsigned)(sizeof k->line - k->len - 1));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct control *k = (struct control *)stream;
    char *end;

    (void)buf;
    if (n < 0) {
        if (!uv_is_closing((uv_handle_t *)stream))
            uv_close((uv_handle_t *)stream, on_closed);
        return;
    }
    k->len += (size_t)n;
    k->line[k->len] = '\0';
    while ((end = strchr(k->line, '\n')) != NULL) {
        *end = '\0';
        answer(k);
        k->len -= (size_t)(end + 1 - k->line);
        memmove(k->line, end + 1, k->len + 1);
    }
}

static void on_connection(uv_stream_t *server, int status)
{
    if (status < 0)
        return;
    struct control *k = wire_alloc(sizeof *k);
    k->wire = server->data;
    k->len = 0;
    uv_pipe_init(server->loop, &k->pipe, 0);
    if (uv_accept(server, (uv_stream_t *)&k->pipe) != 0 ||
        uv_read_start((uv_stream_t *)&k->pipe, on_alloc, on_read) != 0)
        uv_close((uv_handle_t *)&k->pipe, on_closed);
}

int control_open(struct wire *w, const char *path)
{
    uv_pipe_t *server = wire_alloc(sizeof *server);

    uv_pipe_init(&w->loop, server, 0);
    server->data = w;
    int rc = uv_pipe_bind(server, path);
    return rc == 0 ? uv_listen((uv_stream_t *)server, 16, on_connection) : rc;
}

/* ---- the other end ----------------------------------------------------------- */

int control_tell(const char *path, int count, char **words)
{
    struct sockaddr_un name = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ok = false, known = false;
    char buf[4096];
    ssize_t n;

    (void)snprintf(name.sun_path, sizeof name.sun_path, "%s", path);
    if (fd < 0 || connect(fd, (struct sockaddr *)&name, sizeof name) != 0) {
        perror(path);
        return 1;
    }
    FILE *to = fdopen(dup(fd), "w");
    for (int i = 0; to != NULL && i < count; i++)
        (void)fprintf(to, "%s%c", words[i], i + 1 < count ? ' ' : '\n');
    if (to == NULL || fclose(to) != 0)
        return 1;
    do {
        n = read(fd, buf, sizeof buf);
        if (n > 0 && !known)
            ok = strncmp(buf, "{\"ok\":true", 10) == 0;
        known = known || n > 0;
        if (n > 0)
            (void)fwrite(buf, 1, (size_t)n, stdout);
    } while (n > 0 && buf[n - 1] != '\n');
    close(fd);
    return ok && n > 0 ? 0 : 1;
}
