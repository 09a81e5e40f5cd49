#include "tether/probe.h"

#include "base/mem.h"
#include "ssh/channel.h"
#include "tether/quote.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPLY_MAX 512

/* HTTP/1.1 because that is what every Docker Engine speaks. */
#define PING "HEAD /_ping HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n"

enum stage { STAGE_STREAMLOCAL, STAGE_DIAL_STDIO, STAGE_DIAGNOSE, STAGE_OVER };

struct probe {
    uv_timer_t timer;
    struct session *session;
    const struct profile *profile;
    struct log *log;
    struct probe_owner owner;
    enum stage stage;
    struct channel *ch;
    bool pinged;
    bool timed_out;
    char reply[REPLY_MAX];
    size_t reply_len;
    char *command;
    char streamlocal_failure[200]; /* "" when it was not tried */
    char stdio_failure[400];
};

static void on_timeout(uv_timer_t *timer);

static size_t on_data(void *user, const void *buf, size_t len)
{
    struct probe *pr = user;
    size_t room = sizeof pr->reply - 1 - pr->reply_len;
    size_t kept = len < room ? len : room;

    memcpy(pr->reply + pr->reply_len, buf, kept);
    pr->reply_len += kept;
    pr->owner.dirty(pr->owner.user);
    return len;
}

static void on_event(void *user)
{
    struct probe *pr = user;

    pr->owner.dirty(pr->owner.user);
}

static const struct channel_callbacks callbacks = { .data = on_data, .event = on_event };

static void leave_stage(struct probe *pr)
{
    uv_timer_stop(&pr->timer);
    channel_close(pr->ch);
    pr->ch = NULL;
}

static void succeed(struct probe *pr, enum transport transport, const char *reason)
{
    struct probe_result r = { .transport = transport };

    leave_stage(pr);
    pr->stage = STAGE_OVER;
    snprintf(r.reason, sizeof r.reason, "%s", reason);
    pr->owner.done(pr->owner.user, &r, NULL);
}

static void fail(struct probe *pr, const struct err *e)
{
    leave_stage(pr);
    pr->stage = STAGE_OVER;
    pr->owner.done(pr->owner.user, NULL, e);
}

/* What the remote shell is asked when nothing works. POSIX sh; other shells
 * (fish, csh) are not relied on: without one of these words as the answer the
 * error says what is known without it. */
static char *diagnosis_command(const struct profile *p)
{
    char *path = quote_sh(p->socket);
    char *script =
        mem_printf("p=%s; if [ ! -e \"$p\" ]; then echo absent; elif [ ! -S \"$p\" ]; then echo no-socket; "
                   "elif [ ! -w \"$p\" ]; then echo denied; else echo there; fi",
                   path);
    char *quoted = quote_sh(script);
    char *command = mem_printf("exec sh -c %s", quoted);

    free(quoted);
    free(script);
    free(path);
    return command;
}

static void enter(struct probe *pr, enum stage stage)
{
    struct err e = ERR_INIT;

    pr->stage = stage;
    pr->reply_len = 0;
    pr->pinged = pr->timed_out = false;
    if (stage == STAGE_STREAMLOCAL) {
        pr->ch = channel_open_streamlocal(pr->session, pr->profile->socket, &callbacks, pr, &e);
    } else if (stage == STAGE_DIAL_STDIO) {
        pr->ch = channel_open_exec(pr->session, pr->command, &callbacks, pr, &e);
    } else {
        char *command = diagnosis_command(pr->profile);
        pr->ch = channel_open_exec(pr->session, command, &callbacks, pr, &e);
        free(command);
    }
    uv_timer_start(&pr->timer, on_timeout, (uint64_t)pr->profile->connect_timeout_ms, 0);
    pr->owner.dirty(pr->owner.user);
}

/* The whole error, from what each stage has left behind. */
static void explain(struct probe *pr)
{
    const struct profile *p = pr->profile;
    struct err e = ERR_INIT;
    char known[700];

    pr->reply[pr->reply_len] = '\0';
    pr->reply[strcspn(pr->reply, "\r\n")] = '\0';
    snprintf(known, sizeof known, "%s%s%s%s%s%s%s", *pr->streamlocal_failure ? "sshd says \"" : "",
             pr->streamlocal_failure, *pr->streamlocal_failure ? "\"" : "",
             *pr->streamlocal_failure && *pr->stdio_failure ? ", and " : "",
             *pr->stdio_failure ? pr->command : "", *pr->stdio_failure ? " says: " : "", pr->stdio_failure);
    if (strcmp(pr->reply, "absent") == 0) {
        err_set(&e, ERR_SOCKET, "Docker socket", "%s does not exist on %s", p->socket, p->host);
        err_hint(
            &e,
            "is the Docker Engine running there? For another path: docktether update %s --set socket=/PATH",
            p->name);
    } else if (strcmp(pr->reply, "no-socket") == 0) {
        err_set(&e, ERR_SOCKET, "Docker socket", "%s on %s is no socket", p->socket, p->host);
        err_hint(&e, "docktether update %s --set socket=/PATH", p->name);
    } else if (strcmp(pr->reply, "denied") == 0) {
        err_set(&e, ERR_SOCKET, "Docker socket", "%s may not use %s on %s", p->user, p->socket, p->host);
        err_hint(&e, "there: sudo usermod -aG docker %s, then docktether down %s && docktether up %s",
                 p->user, p->name, p->name);
    } else if (strcmp(pr->reply, "there") == 0) {
        err_set(&e, ERR_SOCKET, "Docker socket", "%s on %s is there and cannot be reached: %s", p->socket,
                p->host, known);
        err_hint(
            &e,
            "is the Docker Engine running, and does sshd_config allow AllowStreamLocalForwarding (or is docker "
            "in the PATH of a non-interactive login)?");
    } else {
        err_set(&e, ERR_SOCKET, "Docker socket", "%s on %s cannot be reached: %s", p->socket, p->host, known);
        err_hint(&e,
                 "is the Docker Engine running there, is %s in its group, and may this key forward "
                 "(AllowStreamLocalForwarding)?",
                 p->user);
    }
    fail(pr, &e);
}

static void streamlocal_failed(struct probe *pr, const char *why)
{
    snprintf(pr->streamlocal_failure, sizeof pr->streamlocal_failure, "%s", *why ? why : "refused");
    leave_stage(pr);
    enter(pr, pr->profile->transport == TRANSPORT_AUTO ? STAGE_DIAL_STDIO : STAGE_DIAGNOSE);
}

static void stdio_failed(struct probe *pr, const char *why)
{
    snprintf(pr->stdio_failure, sizeof pr->stdio_failure, "%.390s", why);
    leave_stage(pr);
    enter(pr, STAGE_DIAGNOSE);
}

static void step_streamlocal(struct probe *pr, enum channel_state state)
{
    if (state == CHANNEL_OPEN || state == CHANNEL_ENDED)
        succeed(pr, TRANSPORT_STREAMLOCAL,
                pr->profile->transport == TRANSPORT_AUTO ? "the server allows it" : "the profile says so");
    else if (state == CHANNEL_REFUSED)
        streamlocal_failed(pr, channel_reason(pr->ch));
    else if (pr->timed_out)
        streamlocal_failed(pr, "no answer");
}

static void stdio_succeeded(struct probe *pr)
{
    char reason[256];

    if (*pr->streamlocal_failure)
        snprintf(reason, sizeof reason, "streamlocal forwarding failed: %s", pr->streamlocal_failure);
    else
        snprintf(reason, sizeof reason, "the profile says so");
    succeed(pr, TRANSPORT_DIAL_STDIO, reason);
}

static void step_dial_stdio(struct probe *pr, enum channel_state state)
{
    char why[400];

    if (pr->reply_len >= 7 && memcmp(pr->reply, "HTTP/1.", 7) == 0) {
        stdio_succeeded(pr);
        return;
    }
    if (state == CHANNEL_OPEN && !pr->pinged && !pr->timed_out) {
        pr->pinged = channel_write(pr->ch, PING, strlen(PING)) == (ssize_t)strlen(PING);
        return;
    }
    if (state == CHANNEL_REFUSED) {
        stdio_failed(pr, channel_reason(pr->ch));
    } else if (state == CHANNEL_ENDED) {
        const char *words = channel_stderr(pr->ch);
        snprintf(why, sizeof why, "%.300s%s(exit status %d)", words, *words ? " " : "",
                 channel_exit_status(pr->ch));
        stdio_failed(pr, why);
    } else if (pr->timed_out) {
        stdio_failed(pr, "no answer to a ping");
    }
}

void probe_step(struct probe *pr)
{
    if (pr->stage == STAGE_OVER)
        return;
    enum channel_state state = pr->ch != NULL ? channel_step(pr->ch, true) : CHANNEL_REFUSED;
    switch (pr->stage) {
    case STAGE_STREAMLOCAL:
        step_streamlocal(pr, state);
        break;
    case STAGE_DIAL_STDIO:
        step_dial_stdio(pr, state);
        break;
    case STAGE_DIAGNOSE:
        if (state == CHANNEL_REFUSED || state == CHANNEL_ENDED || pr->timed_out)
            explain(pr);
        break;
    case STAGE_OVER:
        break;
    }
}

static void on_timeout(uv_timer_t *timer)
{
    struct probe *pr = timer->data;

    pr->timed_out = true;
    pr->owner.dirty(pr->owner.user);
}

struct probe *probe_start(uv_loop_t *loop, struct session *s, const struct profile *p, struct log *log,
                          const struct probe_owner *owner)
{
    struct probe *pr = mem_alloc(sizeof *pr);

    pr->session = s;
    pr->profile = p;
    pr->log = log;
    pr->owner = *owner;
    pr->command = quote_dial_command(p);
    pr->timer.data = pr;
    uv_timer_init(loop, &pr->timer);
    enter(pr, p->transport == TRANSPORT_DIAL_STDIO ? STAGE_DIAL_STDIO : STAGE_STREAMLOCAL);
    return pr;
}

static void on_closed(uv_handle_t *handle)
{
    struct probe *pr = handle->data;

    free(pr->command);
    free(pr);
}

void probe_free(struct probe *pr)
{
    if (pr == NULL)
        return;
    leave_stage(pr);
    pr->stage = STAGE_OVER;
    uv_close((uv_handle_t *)&pr->timer, on_closed);
}
