/* The Docker socket at the other side: is it there, may it be used, does sshd
 * forward to it, and what does a command reach in its place. */
#include "doctor/doctor-remote.h"

#include "base/quote.h"
#include "base/time.h"
#include "engine/dial-command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PING "HEAD /_ping HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n"
#define SETTING                                                                                   \
    "echo AllowStreamLocalForwarding yes | sudo tee -a /etc/ssh/sshd_config.d/00-docktether.conf" \
    " && sudo systemctl reload ssh"

struct wait doctor_wait(const struct doctor_host *h)
{
    return (struct wait){ .deadline = deadline_in(h->profile->connect_timeout_ms), .cancel_fd = -1 };
}

static bool own_command(const struct doctor_host *h)
{
    return h->profile->dial_command != NULL && *h->profile->dial_command != '\0';
}

static struct remote_socket_place *place(const struct doctor_host *h)
{
    return &h->remote->answer.places[h->remote->at];
}

/* ---- asking the remote shell -------------------------------------------------- */

/* 0, -1 when the session is lost. */
static int ask_shell(struct doctor_host *h, const char *question, char **reply, struct err *e)
{
    const struct channel_sync_request rq = { .command = question };
    const struct wait w = doctor_wait(h);
    struct channel_sync t;

    *reply = NULL;
    if (channel_sync_run(h->session, &rq, &w, &t, e) != 0)
        return -1;
    *reply = t.reply;
    t.reply = NULL;
    channel_sync_clear(&t);
    return 0;
}

/* The place that a tether would take: the first that may do, else the one that
 * is nearest to it. */
static void choose(struct doctor_remote *r)
{
    for (size_t i = 0; i < r->answer.count; i++)
        if (r->answer.places[i].state > r->answer.places[r->at].state)
            r->at = i;
}

static int ask_about(struct doctor_host *h, const struct profile *p, struct remote_socket_answer *a,
                     struct err *e)
{
    char *question = remote_socket_question(p), *reply;
    int rc = ask_shell(h, question, &reply, e);

    if (rc == 0)
        remote_socket_parse(reply, a);
    free(reply);
    free(question);
    return rc;
}

static int inquire(struct doctor_host *h, struct err *e)
{
    struct remote_socket_answer answer;

    h->remote = mem_alloc(sizeof *h->remote);
    remote_socket_guess(h->profile, &h->remote->answer);
    if (ask_about(h, h->profile, &answer, e) != 0)
        return -1;
    if (answer.answered)
        h->remote->answer = answer;
    choose(h->remote);
    return 0;
}

static int ask_listening(struct doctor_host *h, struct err *e)
{
    char *question = remote_listening_question(place(h)->path), *reply;
    int rc = ask_shell(h, question, &reply, e);

    if (rc == 0)
        h->remote->listening = remote_socket_parse_listening(reply);
    free(reply);
    free(question);
    return rc;
}

/* ---- trying ------------------------------------------------------------------- */

static bool may_be_used(const struct remote_socket_place *p)
{
    return p->state == REMOTE_USABLE || p->state == REMOTE_UNKNOWN;
}

/* Every place that may do, as the tether's probe goes through them. */
static int forward(struct doctor_host *h, struct err *e)
{
    struct doctor_remote *r = h->remote;

    if (r->forwarding != ATTEMPT_NONE || h->profile->transport == TRANSPORT_DIAL_STDIO)
        return 0;
    for (size_t i = 0; i < r->answer.count && r->forwarding != ATTEMPT_WORKS; i++) {
        const struct channel_sync_request rq = { .socket = r->answer.places[i].path };
        const struct wait w = doctor_wait(h);
        struct channel_sync t;
        if (!may_be_used(&r->answer.places[i]))
            continue;
        if (channel_sync_run(h->session, &rq, &w, &t, e) != 0)
            return -1;
        r->forwarding = t.end == TALK_ENDED ? ATTEMPT_WORKS : ATTEMPT_FAILED;
        if (t.end == TALK_ENDED)
            r->at = i;
        else if (*r->forwarding_why == '\0')
            err_escape(r->forwarding_why, sizeof r->forwarding_why,
                       t.end == TALK_TIMED_OUT ? "no answer"
                       : *t.words              ? t.words
                                               : "refused");
        channel_sync_clear(&t);
    }
    return 0;
}

static int try_forwarding(struct doctor_host *h, struct err *e)
{
    const int64_t begun = time_mono_us();
    int rc = forward(h, e);

    h->remote->forwarding_us += time_mono_us() - begun;
    return rc;
}

static bool is_http(const char *reply)
{
    return strncmp(reply, "HTTP/1.", 7) == 0;
}

static bool ping_heard(const char *reply)
{
    return strstr(reply, "\r\n\r\n") != NULL || (strlen(reply) >= 7 && !is_http(reply));
}

static void judge_command(struct doctor_remote *r, const struct channel_sync *t)
{
    char said[120] = "", words[450];

    r->command = t->end != TALK_REFUSED && is_http(t->reply) ? ATTEMPT_WORKS : ATTEMPT_FAILED;
    if (r->command == ATTEMPT_WORKS)
        return;
    if (t->len > 0)
        snprintf(said, sizeof said, "\"%.*s\" ", (int)strcspn(t->reply, "\r\n"), t->reply);
    err_escape(words, sizeof words, t->words);
    snprintf(r->command_why, sizeof r->command_why, "%s says: %s%s%s", r->dial,
             t->end == TALK_TIMED_OUT ? "no answer to a ping " : "", said, words);
}

static int run_command(struct doctor_host *h, struct err *e)
{
    struct doctor_remote *r = h->remote;
    const struct remote_socket_place *p = place(h);
    const struct wait w = doctor_wait(h);
    struct channel_sync t;

    if (r->command != ATTEMPT_NONE || h->profile->transport == TRANSPORT_STREAMLOCAL)
        return 0;
    /* As the probe has it: a place that may do, or wherever docker goes by itself. */
    r->dial =
        dial_command_text(h->profile, may_be_used(p) || !profile_seeks_socket(h->profile) ? p->path : NULL);
    const struct channel_sync_request rq = { .command = r->dial, .say = PING, .enough = ping_heard };
    if (channel_sync_run(h->session, &rq, &w, &t, e) != 0)
        return -1;
    judge_command(r, &t);
    channel_sync_clear(&t);
    return 0;
}

static int try_command(struct doctor_host *h, struct err *e)
{
    const int64_t begun = time_mono_us();
    int rc = run_command(h, e);

    h->remote->command_us += time_mono_us() - begun;
    return rc;
}

static int64_t spent(const struct doctor_host *h)
{
    return h->remote->forwarding_us + h->remote->command_us;
}

/* True when some way leads to a Docker; both are tried. */
static int try_all(struct doctor_host *h, bool *reached, struct err *e)
{
    if (try_forwarding(h, e) != 0)
        return -1;
    if (h->remote->forwarding != ATTEMPT_WORKS && try_command(h, e) != 0)
        return -1;
    *reached = h->remote->forwarding == ATTEMPT_WORKS || h->remote->command == ATTEMPT_WORKS;
    return 0;
}

/* ---- socket ------------------------------------------------------------------- */

/* Another place that may be used, when the profile's own is not there. What the
 * other side calls it is quoted: people paste it. */
static void suggest_place(struct doctor_host *h, struct finding *f)
{
    struct profile *p = profile_copy(h->profile);
    struct remote_socket_answer a = { 0 };
    size_t i = 0;

    mem_replace(&p->socket, PROFILE_AUTO_SOCKET);
    if (!profile_seeks_socket(h->profile) && ask_about(h, p, &a, NULL) == 0)
        while (i < a.count && a.places[i].state != REMOTE_USABLE)
            i++;
    if (i < a.count) {
        char *quoted = quote_sh(a.places[i].path);
        finding_hint(f, "there is a socket at %s", a.places[i].path);
        finding_fix(f, NULL, "docktether update %s --set socket=%s", h->name, quoted);
        free(quoted);
    }
    profile_free(p);
}

static void missing(struct doctor_host *h, bool reached, struct finding *f)
{
    const struct doctor_remote *r = h->remote;
    struct err e = ERR_INIT;

    remote_socket_explain(&r->answer, h->profile, r->command_why, &e);
    if (reached) {
        finding_warn(f, "%s; %s reaches a Docker all the same", e.msg, r->dial);
        suggest_place(h, f);
        return;
    }
    finding_error(f, VERDICT_FAILED, &e, h->profile->host);
    suggest_place(h, f);
}

static void deserted(struct doctor_host *h, struct finding *f)
{
    const struct remote_socket_place *p = place(h);
    bool podman = strstr(p->path, "podman") != NULL;

    finding_fail(f, ERR_SOCKET, "%s on %s is there, but nobody listens: the Docker Engine is not running",
                 p->path, h->profile->host);
    finding_hint(f, "its own log there: journalctl -u %s", podman ? "podman.socket" : "docker");
    finding_fix(f, h->profile->host, "sudo systemctl start %s", podman ? "podman.socket" : "docker");
}

/* A socket that may be used and cannot be reached: whose fault is it? */
static void judge_usable(struct doctor_host *h, struct finding *f, struct err *e)
{
    struct doctor_remote *r = h->remote;
    const struct remote_socket_place *p = place(h);
    bool reached = false;

    if (try_forwarding(h, e) != 0)
        return;
    if (r->forwarding == ATTEMPT_FAILED && ask_listening(h, e) != 0)
        return;
    if (r->listening == REMOTE_LISTENING_NO && try_all(h, &reached, e) != 0)
        return;
    if (r->listening == REMOTE_LISTENING_NO && !reached) {
        deserted(h, f);
    } else if (r->listening == REMOTE_LISTENING_NO) {
        finding_warn(f, "%s is there, but nobody listens; %s reaches a Docker all the same", p->path,
                     r->dial);
    } else {
        finding_ok(f, "%s", place(h)->path);
    }
}

static void look_at_socket(struct doctor_host *h, struct finding *f)
{
    struct err e = ERR_INIT;
    bool reached = false;

    if (inquire(h, &e) != 0) {
        finding_error(f, VERDICT_FAILED, &e, NULL);
        return;
    }
    if (own_command(h) && h->profile->transport == TRANSPORT_DIAL_STDIO) {
        finding_skip(f, "dial-command knows it");
        return;
    }
    switch (place(h)->state) {
    case REMOTE_UNKNOWN:
        finding_skip(f, "the remote shell does not say");
        break;
    case REMOTE_ABSENT:
    case REMOTE_NO_SOCKET:
        if (try_all(h, &reached, &e) == 0)
            missing(h, reached, f);
        break;
    case REMOTE_CLOSED:
    case REMOTE_DENIED:
        finding_ok(f, "%s", place(h)->path);
        break;
    case REMOTE_USABLE:
        judge_usable(h, f, &e);
        break;
    }
    if (f->verdict == VERDICT_NONE)
        finding_error(f, VERDICT_FAILED, &e, NULL);
}

/* What was tried to tell is the time of the layers that try it. */
void doctor_socket(struct doctor_host *h, struct finding *f)
{
    look_at_socket(h, f);
    f->us -= spent(h);
}

/* ---- permission ------------------------------------------------------------------ */

void doctor_permission(struct doctor_host *h, struct finding *f)
{
    const struct remote_socket_answer *a = &h->remote->answer;
    const struct remote_socket_place *p = place(h);
    const int64_t before = spent(h);
    struct err e = ERR_INIT;
    bool reached = false;

    if (own_command(h) && h->profile->transport == TRANSPORT_DIAL_STDIO) {
        finding_skip(f, "dial-command has its own");
    } else if (p->state == REMOTE_USABLE) {
        finding_ok(f, "%s may use it", *a->user ? a->user : h->profile->user);
    } else if (p->state == REMOTE_UNKNOWN) {
        finding_skip(f, "the remote shell does not say");
    } else if (p->state != REMOTE_DENIED && p->state != REMOTE_CLOSED) {
        finding_skip(f, "there is no socket to use");
    } else if ((own_command(h) || p->state == REMOTE_CLOSED) && try_all(h, &reached, &e) != 0) {
        finding_error(f, VERDICT_FAILED, &e, NULL);
    } else {
        remote_socket_explain(a, h->profile, "", &e);
        finding_error(f, reached ? VERDICT_WARNING : VERDICT_FAILED, &e, h->profile->host);
    }
    f->us -= spent(h) - before;
}

/* ---- forwarding and command ---------------------------------------------------------- */

static void not_forwarded(struct doctor_host *h, bool reached, struct finding *f)
{
    const struct doctor_remote *r = h->remote;
    bool known = r->listening == REMOTE_LISTENING_YES || reached;

    if (reached)
        finding_warn(f, "sshd does not forward to %s (%s); %s is used in its place", place(h)->path,
                     r->forwarding_why, r->dial);
    else
        finding_fail(f, ERR_SOCKET, "sshd does not forward to %s%s: %s%s%s", place(h)->path,
                     known ? ", where somebody listens" : "", r->forwarding_why,
                     *r->command_why ? "; and " : "", r->command_why);
    finding_hint(
        f,
        "AllowStreamLocalForwarding or DisableForwarding of its sshd_config%s, or restrict before the "
        "key in authorized_keys",
        known ? "" : ", a Docker Engine that does not run");
    finding_fix(f, h->profile->host, SETTING);
}

void doctor_forwarding(struct doctor_host *h, struct finding *f)
{
    const int64_t before = h->remote->command_us;
    struct err e = ERR_INIT;
    bool reached = false;

    f->us += h->remote->forwarding_us;
    if (h->profile->transport == TRANSPORT_DIAL_STDIO)
        finding_skip(f, "the profile says transport = dial-stdio");
    else if (try_all(h, &reached, &e) != 0)
        finding_error(f, VERDICT_FAILED, &e, NULL);
    else if (h->remote->forwarding == ATTEMPT_WORKS)
        finding_ok(f, "streamlocal to %s", place(h)->path);
    else if (h->remote->forwarding == ATTEMPT_NONE)
        finding_skip(f, "there is no socket to forward to");
    else
        not_forwarded(h, reached, f);
    f->us -= h->remote->command_us - before;
}

void doctor_command(struct doctor_host *h, struct finding *f)
{
    const struct doctor_remote *r = h->remote;
    struct err e = ERR_INIT;
    bool reached = false;

    f->us += r->command_us;
    if (r->forwarding == ATTEMPT_WORKS) {
        finding_skip(f, "not needed");
    } else if (try_all(h, &reached, &e) != 0) {
        finding_error(f, VERDICT_FAILED, &e, NULL);
    } else if (reached) {
        finding_ok(f, "%s", r->dial);
    } else {
        remote_socket_explain(&r->answer, h->profile, r->command_why, &e);
        finding_error(f, VERDICT_FAILED, &e, h->profile->host);
        if (h->profile->transport == TRANSPORT_DIAL_STDIO && !own_command(h))
            finding_fix(f, NULL, "docktether update %s --set transport=auto", h->name);
    }
}

int doctor_speak(struct doctor_host *h, const char *say, struct channel_sync *t, struct err *e)
{
    const struct wait w = doctor_wait(h);
    bool forwarded = h->remote->forwarding == ATTEMPT_WORKS;
    const struct channel_sync_request rq = { .socket = forwarded ? place(h)->path : NULL,
                                             .command = forwarded ? NULL : h->remote->dial,
                                             .say = say,
                                             .enough = doctor_http_complete };

    return channel_sync_run(h->session, &rq, &w, t, e);
}

void doctor_remote_clear(struct doctor_host *h)
{
    if (h->remote != NULL)
        free(h->remote->dial);
    free(h->remote);
}
