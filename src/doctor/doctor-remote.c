/* Asks the remote shell about the Docker socket, and tries the two transports. The
 * layers draw the conclusions: doctor-socket.c, doctor-transport.c. */
#include "doctor/doctor-remote.h"

#include "base/time.h"
#include "engine/dial-command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PING "HEAD /_ping HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n"
struct wait doctor_wait(const struct doctor_host *h)
{
    return (struct wait){ .deadline = deadline_in(h->profile->connect_timeout_ms), .cancel_fd = -1 };
}

bool doctor_own_command(const struct doctor_host *h)
{
    return h->profile->dial_command != NULL && *h->profile->dial_command != '\0';
}

struct remote_socket_place *doctor_place(const struct doctor_host *h)
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

/* The place that a tether would take: the first that may be used, else the one that is
 * nearest to being usable. */
static void choose(struct doctor_remote *r)
{
    for (size_t i = 0; i < r->answer.count; i++)
        if (r->answer.places[i].state > r->answer.places[r->at].state)
            r->at = i;
}

int doctor_ask_about(struct doctor_host *h, const struct profile *p, struct remote_socket_answer *a,
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

int doctor_ask_socket(struct doctor_host *h, struct err *e)
{
    struct remote_socket_answer answer;

    h->remote = mem_alloc(sizeof *h->remote);
    remote_socket_guess(h->profile, &h->remote->answer);
    if (doctor_ask_about(h, h->profile, &answer, e) != 0)
        return -1;
    if (answer.answered)
        h->remote->answer = answer;
    choose(h->remote);
    return 0;
}

int doctor_ask_listening(struct doctor_host *h, struct err *e)
{
    char *question = remote_listening_question(doctor_place(h)->path), *reply;
    int rc = ask_shell(h, question, &reply, e);

    if (rc == 0)
        h->remote->listening = remote_socket_parse_listening(reply);
    free(reply);
    free(question);
    return rc;
}

/* ---- trying ------------------------------------------------------------------- */

static bool remote_may_be_used(const struct remote_socket_place *p)
{
    return p->state == REMOTE_USABLE || p->state == REMOTE_UNKNOWN;
}

/* Every place that may be used, in the order of the tether's probe. */
static int forward(struct doctor_host *h, struct err *e)
{
    struct doctor_remote *r = h->remote;

    if (r->forwarding != ATTEMPT_NONE || h->profile->transport == TRANSPORT_DIAL_STDIO)
        return 0;
    for (size_t i = 0; i < r->answer.count && r->forwarding != ATTEMPT_WORKS; i++) {
        const struct channel_sync_request rq = { .socket = r->answer.places[i].path };
        const struct wait w = doctor_wait(h);
        struct channel_sync t;
        if (!remote_may_be_used(&r->answer.places[i]))
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

int doctor_try_forwarding(struct doctor_host *h, struct err *e)
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
    return strstr(reply, "\r\n\r\n") != NULL;
}

static void judge_command(struct doctor_remote *r, const struct channel_sync *t)
{
    char said[120] = "", words[450];

    r->command = t->end != TALK_REFUSED && is_http(t->reply) ? ATTEMPT_WORKS : ATTEMPT_FAILED;
    if (r->command == ATTEMPT_WORKS)
        return;
    r->noise = strstr(t->reply, "HTTP/1.") != NULL;
    if (t->len > 0)
        snprintf(said, sizeof said, "\"%.*s\" ", (int)strcspn(t->reply, "\r\n"), t->reply);
    err_escape(words, sizeof words, t->words);
    if (r->noise)
        snprintf(r->command_why, sizeof r->command_why,
                 "a start file of the remote shell prints %sbefore Docker's answer", said);
    else
        snprintf(r->command_why, sizeof r->command_why, "%s says: %s%s%s", r->dial,
                 t->end == TALK_TIMED_OUT ? "no answer to a ping " : "", said, words);
}

static int run_command(struct doctor_host *h, struct err *e)
{
    struct doctor_remote *r = h->remote;
    const struct remote_socket_place *p = doctor_place(h);
    const struct wait w = doctor_wait(h);
    struct channel_sync t;

    if (r->command != ATTEMPT_NONE || h->profile->transport == TRANSPORT_STREAMLOCAL)
        return 0;
    /* As the probe does: a place that may be used, or the one that docker finds by itself. */
    r->dial = dial_command_text(h->profile,
                                remote_may_be_used(p) || !profile_seeks_socket(h->profile) ? p->path : NULL);
    const struct channel_sync_request rq = { .command = r->dial, .say = PING, .enough = ping_heard };
    if (channel_sync_run(h->session, &rq, &w, &t, e) != 0)
        return -1;
    judge_command(r, &t);
    channel_sync_clear(&t);
    return 0;
}

static int doctor_try_command(struct doctor_host *h, struct err *e)
{
    const int64_t begun = time_mono_us();
    int rc = run_command(h, e);

    h->remote->command_us += time_mono_us() - begun;
    return rc;
}

int64_t doctor_tries_us(const struct doctor_host *h)
{
    return h->remote->forwarding_us + h->remote->command_us;
}

/* True when some way leads to a Docker; both are tried. */
int doctor_try_all(struct doctor_host *h, bool *reached, struct err *e)
{
    if (doctor_try_forwarding(h, e) != 0)
        return -1;
    if (h->remote->forwarding != ATTEMPT_WORKS && doctor_try_command(h, e) != 0)
        return -1;
    *reached = h->remote->forwarding == ATTEMPT_WORKS || h->remote->command == ATTEMPT_WORKS;
    return 0;
}

int doctor_speak(struct doctor_host *h, const char *say, struct channel_sync *t, struct err *e)
{
    const struct wait w = doctor_wait(h);
    bool forwarded = h->remote->forwarding == ATTEMPT_WORKS;
    const struct channel_sync_request rq = { .socket = forwarded ? doctor_place(h)->path : NULL,
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
