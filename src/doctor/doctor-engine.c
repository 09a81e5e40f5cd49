/* The Docker Engine itself: does something answer, is it a Docker, and which. */
#include "doctor/doctor-remote.h"

#include "base/unixsock.h"
#include "store/runtime.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

/* HTTP/1.0: an answer without chunks, and the end of it is the end. */
#define GET(path) "GET " path " HTTP/1.0\r\nHost: docker\r\n\r\n"
#define LOCAL_MAX 8192

/* ---- HTTP, as much as it takes --------------------------------------------------- */

static const char *body_of(const char *reply)
{
    const char *end = strstr(reply, "\r\n\r\n");

    return end != NULL ? end + 4 : NULL;
}

/* The value of a header, allocated; NULL when it is not there. */
static char *header(const char *reply, const char *name)
{
    const char *body = body_of(reply);
    size_t len = strlen(name);

    for (const char *line = strstr(reply, "\r\n"); line != NULL && line + 2 < body;
         line = strstr(line + 2, "\r\n")) {
        const char *p = line + 2;
        if (strncasecmp(p, name, len) != 0 || p[len] != ':')
            continue;
        p += len + 1;
        p += strspn(p, " \t");
        return mem_printf("%.*s", (int)strcspn(p, "\r\n"), p);
    }
    return NULL;
}

static int status_of(const char *reply)
{
    int status;

    return sscanf(reply, "HTTP/1.%*1[0-9] %3d", &status) == 1 ? status : 0;
}

bool doctor_http_complete(const char *reply)
{
    const char *body = body_of(reply);
    char *length = body != NULL ? header(reply, "Content-Length") : NULL;
    bool is = length != NULL && strlen(body) >= strtoul(length, NULL, 10);

    free(length);
    return is;
}

/* What Docker puts on the answer to a ping, and Podman too. */
static bool is_docker(const char *reply)
{
    char *version = header(reply, "Api-Version");
    bool is = version != NULL && status_of(reply) == 200;

    free(version);
    return is;
}

/* ---- the remote one ---------------------------------------------------------------- */

static void no_docker(const struct doctor_host *h, const struct channel_sync *t, struct finding *f)
{
    char said[160];

    snprintf(said, sizeof said, "%.*s", (int)strcspn(t->reply, "\r\n"), t->reply);
    if (t->len == 0 && t->end == TALK_TIMED_OUT)
        finding_fail(f, ERR_SOCKET, "a process accepts the connection and does not answer");
    else if (t->len == 0)
        finding_fail(f, ERR_SOCKET, "a process accepts the connection and closes it%s%s",
                     *t->words ? ": " : "", t->words);
    else if (status_of(t->reply) >= 500)
        finding_fail(f, ERR_SOCKET, "the Docker Engine fails: \"%s\"", said);
    else
        finding_fail(f, ERR_SOCKET, "the answer is not from Docker: \"%s\"", said);
    if (t->len > 0 && strcmp(h->profile->socket, PROFILE_DEFAULT_SOCKET) != 0 &&
        !profile_seeks_socket(h->profile)) {
        finding_hint(f, "is %s the socket of Docker?", h->profile->socket);
        finding_fix(f, NULL, "docktether update %s --set socket=auto", h->name);
    } else {
        finding_hint(f, "its log on that host: journalctl -u docker");
        finding_fix(f, h->profile->host, "sudo systemctl restart docker");
    }
}

void doctor_ping(struct doctor_host *h, struct finding *f)
{
    struct err e = ERR_INIT;
    struct channel_sync t;

    if (doctor_speak(h, GET("/_ping"), &t, &e) != 0) {
        finding_error(f, VERDICT_FAILED, &e, NULL);
        return;
    }
    if (is_docker(t.reply)) {
        char *api = header(t.reply, "Api-Version");
        finding_ok(f, "%s, API %s", body_of(t.reply)[0] != '\0' ? "OK" : "200", api);
        free(api);
    } else {
        no_docker(h, &t, f);
    }
    channel_sync_clear(&t);
}

static void judge_version(const struct channel_sync *t, struct finding *f)
{
    const char *body = body_of(t->reply);
    const char *version = NULL, *api = NULL, *least = NULL, *os = NULL, *arch = NULL, *product = NULL;
    json_t *o = body != NULL ? json_loads(body, 0, NULL) : NULL;

    (void)json_unpack(o, "{s?s,s?s,s?s,s?s,s?s,s?{s?s}}", "Version", &version, "ApiVersion", &api,
                      "MinAPIVersion", &least, "Os", &os, "Arch", &arch, "Platform", "Name", &product);
    if (version == NULL) {
        finding_fail(f, ERR_SOCKET, "the answer has no version: \"%.*s\"", (int)strcspn(t->reply, "\r\n"),
                     t->reply);
    } else {
        finding_ok(f, "%s%s%s, API %s to %s, %s/%s", product != NULL ? product : "",
                   product != NULL && *product ? " " : "", version, least != NULL ? least : "?",
                   api != NULL ? api : "?", os != NULL ? os : "?", arch != NULL ? arch : "?");
    }
    json_decref(o);
}

void doctor_version(struct doctor_host *h, struct finding *f)
{
    struct err e = ERR_INIT;
    struct channel_sync t;

    if (doctor_speak(h, GET("/version"), &t, &e) != 0) {
        finding_error(f, VERDICT_FAILED, &e, NULL);
        return;
    }
    judge_version(&t, f);
    channel_sync_clear(&t);
}

/* ---- the tether's own socket --------------------------------------------------------- */

/* One request, read to its end or to the deadline. */
static void exchange(int fd, const char *request, const struct wait *w, char *reply, size_t size)
{
    size_t len = 0;

    reply[0] = '\0';
    if (send(fd, request, strlen(request), MSG_NOSIGNAL) != (ssize_t)strlen(request))
        return;
    while (len + 1 < size && !doctor_http_complete(reply) && wait_fd(w, fd, POLLIN) == WAIT_READY) {
        ssize_t n = recv(fd, reply + len, size - 1 - len, 0);
        if (n <= 0 && errno != EINTR && errno != EAGAIN)
            break;
        if (n == 0)
            break;
        if (n > 0)
            len += (size_t)n;
        reply[len] = '\0';
    }
}

static void ping_local(const struct doctor_host *h, const char *path, struct finding *f)
{
    const struct wait w = doctor_wait(h);
    struct err e = ERR_INIT;
    char *reply = mem_alloc(LOCAL_MAX);
    int fd = unixsock_try_connect(path);

    if (fd < 0) {
        err_set_errno(&e, ERR_FAILED, "local socket", "cannot connect to %s", path);
        finding_error(f, VERDICT_FAILED, &e, NULL);
        finding_fix(f, NULL, "docktether down %s && docktether up %s", h->name, h->name);
    } else {
        exchange(fd, GET("/_ping"), &w, reply, LOCAL_MAX);
        close(fd);
        if (is_docker(reply)) {
            finding_ok(f, "Docker answers at %s", path);
        } else {
            finding_fail(f, ERR_SOCKET, "Docker does not answer at %s: \"%.*s\"", path,
                         (int)strcspn(reply, "\r\n"), reply);
            finding_hint(f, "docktether logs %s may say why", h->name);
            finding_fix(f, NULL, "docktether logs %s", h->name);
        }
    }
    free(reply);
}

void doctor_local_socket(struct doctor_host *h, struct finding *f)
{
    char *path = runtime_socket_path(h->name, NULL);

    if (h->status == NULL)
        finding_skip(f, "the tether is not up");
    else if (!h->serving)
        finding_skip(f, "the tether is not connected");
    else if (h->profile->idle_timeout_ms > 0) /* the ping would count as a use and keep it awake */
        finding_skip(f, "not tried, because it would count as a use (idle-timeout)");
    else if (path == NULL)
        finding_skip(f, "no runtime directory can be found");
    else
        ping_local(h, path, f);
    free(path);
}
