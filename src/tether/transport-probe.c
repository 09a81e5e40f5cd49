#include "tether/transport-probe.h"

#include "base/mem.h"
#include "engine/dial-command.h"
#include "engine/remote-socket.h"
#include "ssh/channel.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPLY_MAX 4096
#define END_MS 500 /* for a command that has answered to end by itself */

/* HTTP/1.1 because that is what every Docker Engine speaks. */
#define PING "HEAD /_ping HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n"

enum stage { STAGE_ASK, STAGE_STREAMLOCAL, STAGE_DIAL_STDIO, STAGE_OVER };

struct transport_probe {
    uv_timer_t timer;
    struct session *session;
    const struct profile *profile;
    struct transport_probe_owner owner;
    enum stage stage;
    struct channel *ch;
    bool spoken; /* what is to be sent was sent */
    bool timed_out;
    bool answered; /* by a Docker Engine; its command is about to end */
    bool asked;    /* the remote shell, for the last time */
    char reply[REPLY_MAX];
    size_t reply_len;
    struct remote_socket_answer answer;
    size_t at;                     /* the place being tried */
    char *command;                 /* being tried */
    char streamlocal_failure[200]; /* "" when it was not tried */
    char stdio_failure[700];       /* of the likeliest place, with the command */
};

static void on_timeout(uv_timer_t *timer);

/* Keeps the end of what comes: a start file may print ever so much before the answer. */
static void keep_end(struct transport_probe *pr, const char *data, size_t len)
{
    const size_t room = sizeof pr->reply - 1;

    if (len > room) {
        data += len - room;
        len = room;
    }
    size_t old = pr->reply_len < room - len ? pr->reply_len : room - len;
    memmove(pr->reply, pr->reply + pr->reply_len - old, old);
    memcpy(pr->reply + old, data, len);
    pr->reply_len = old + len;
}

/* The same for the beginning, which tells whether an engine speaks. */
static void keep_beginning(struct transport_probe *pr, const char *data, size_t len)
{
    size_t room = sizeof pr->reply - 1 - pr->reply_len;
    size_t kept = len < room ? len : room;

    memcpy(pr->reply + pr->reply_len, data, kept);
    pr->reply_len += kept;
}

static size_t on_data(void *user, const void *buf, size_t len)
{
    struct transport_probe *pr = user;

    if (pr->stage == STAGE_ASK)
        keep_end(pr, buf, len);
    else
        keep_beginning(pr, buf, len);
    pr->owner.dirty(pr->owner.user);
    return len;
}

static void on_event(void *user)
{
    struct transport_probe *pr = user;

    pr->owner.dirty(pr->owner.user);
}

static const struct channel_callbacks callbacks = { .data = on_data, .event = on_event };

/* ---- the end ------------------------------------------------------------- */

static void leave_stage(struct transport_probe *pr)
{
    uv_timer_stop(&pr->timer);
    channel_close(pr->ch);
    pr->ch = NULL;
}

static void succeed(struct transport_probe *pr, enum transport transport, const char *reason,
                    const char *socket)
{
    struct transport_probe_result r = { .transport = transport, .socket = socket };

    uv_timer_stop(&pr->timer);
    /* A connection that has said or ended something unasked is no use. */
    if (transport != TRANSPORT_STREAMLOCAL || pr->reply_len > 0 || channel_at_eof(pr->ch) ||
        channel_step(pr->ch, false) != CHANNEL_OPEN)
        leave_stage(pr);
    pr->stage = STAGE_OVER;
    snprintf(r.reason, sizeof r.reason, "%s", reason);
    pr->owner.done(pr->owner.user, &r, NULL);
}

/* From what each stage has left behind. */
static void fail(struct transport_probe *pr)
{
    struct err e = ERR_INIT;
    char known[1000];
    bool tried = *pr->streamlocal_failure != '\0', dialled = *pr->stdio_failure != '\0';

    snprintf(known, sizeof known, "%s%s%s%s%s", tried ? "sshd says \"" : "", pr->streamlocal_failure,
             tried ? "\"" : "", tried && dialled ? ", and " : "", pr->stdio_failure);
    remote_socket_explain(&pr->answer, pr->profile, known, &e);
    leave_stage(pr);
    pr->stage = STAGE_OVER;
    pr->owner.done(pr->owner.user, NULL, &e);
}

/* ---- the places ---------------------------------------------------------- */

static bool own_command(const struct transport_probe *pr)
{
    return pr->profile->dial_command != NULL && *pr->profile->dial_command != '\0';
}

/* The place being tried; NULL when there is none, and only a command may know. */
static const char *place(const struct transport_probe *pr)
{
    return pr->at < pr->answer.count ? pr->answer.places[pr->at].path : NULL;
}

/* Moves on to a place that may be usable, from `at` on; false when there is none. */
static bool seek(struct transport_probe *pr, size_t at)
{
    for (pr->at = at; pr->at < pr->answer.count; pr->at++) {
        enum remote_socket_state state = pr->answer.places[pr->at].state;
        if (state == REMOTE_USABLE || state == REMOTE_UNKNOWN)
            return true;
    }
    return false;
}

/* ---- the stages ---------------------------------------------------------- */

static void open_exec(struct transport_probe *pr, const char *command)
{
    struct err e = ERR_INIT;

    pr->ch = channel_open_exec(pr->session, command, &callbacks, pr, &e);
}

static void enter(struct transport_probe *pr, enum stage stage)
{
    struct err e = ERR_INIT;

    leave_stage(pr);
    pr->stage = stage;
    pr->reply_len = 0;
    pr->spoken = pr->timed_out = false;
    if (stage == STAGE_STREAMLOCAL) {
        pr->ch = channel_open_streamlocal(pr->session, place(pr), &callbacks, pr, &e);
    } else if (stage == STAGE_DIAL_STDIO) {
        free(pr->command);
        pr->command = dial_command_text(pr->profile, place(pr));
        open_exec(pr, pr->command);
    } else {
        char *question = remote_socket_question(pr->profile);
        open_exec(pr, question);
        free(question);
    }
    uv_timer_start(&pr->timer, on_timeout, (uint64_t)pr->profile->connect_timeout_ms, 0);
    pr->owner.dirty(pr->owner.user);
}

/* Nothing works: with what is known of the place that is the error. */
static void give_up(struct transport_probe *pr)
{
    if (pr->asked) {
        fail(pr);
        return;
    }
    pr->asked = true;
    enter(pr, STAGE_ASK);
}

/* By command: at a place that may do, or wherever the command itself goes. */
static void begin_stdio(struct transport_probe *pr)
{
    bool found = seek(pr, 0);

    /* A user who may not use what is there gets no further by asking docker. */
    bool hopeless = !found && !own_command(pr) && remote_socket_forbidden(&pr->answer);
    if (pr->profile->transport == TRANSPORT_STREAMLOCAL || hopeless)
        give_up(pr);
    else
        enter(pr, STAGE_DIAL_STDIO);
}

static void begin(struct transport_probe *pr)
{
    if (pr->profile->transport != TRANSPORT_DIAL_STDIO && seek(pr, 0))
        enter(pr, STAGE_STREAMLOCAL);
    else
        begin_stdio(pr);
}

/* Why the server refused; pr->ch may be NULL. */
static const char *refusal_words(const struct transport_probe *pr)
{
    const char *why = pr->ch != NULL ? channel_reason(pr->ch) : "no channel could be made";

    return *why ? why : "refused";
}

static void step_ask(struct transport_probe *pr, enum channel_state state)
{
    if (state == CHANNEL_OPEN && !pr->spoken) {
        /* A forced command that reads its input (dial-stdio) ends by that. */
        pr->spoken = true;
        (void)channel_send_eof(pr->ch);
    }
    if (state != CHANNEL_REFUSED && state != CHANNEL_ENDED && !pr->timed_out)
        return;
    pr->reply[pr->reply_len] = '\0';
    struct remote_socket_answer answer;
    remote_socket_parse(pr->reply, &answer);
    if (answer.answered)
        pr->answer = answer;
    if (*pr->streamlocal_failure || *pr->stdio_failure)
        fail(pr);
    else
        begin(pr);
}

static void step_streamlocal(struct transport_probe *pr, enum channel_state state)
{
    if (state == CHANNEL_OPEN || state == CHANNEL_ENDED) {
        succeed(pr, TRANSPORT_STREAMLOCAL,
                pr->profile->transport == TRANSPORT_AUTO ? "the server allows it" : "the profile says so",
                place(pr));
        return;
    }
    if (state != CHANNEL_REFUSED && !pr->timed_out)
        return;
    snprintf(pr->streamlocal_failure, sizeof pr->streamlocal_failure, "%s",
             state == CHANNEL_REFUSED ? refusal_words(pr) : "no answer");
    if (seek(pr, pr->at + 1))
        enter(pr, STAGE_STREAMLOCAL);
    else
        begin_stdio(pr);
}

static void stdio_succeeded(struct transport_probe *pr)
{
    char reason[256];

    if (*pr->streamlocal_failure)
        snprintf(reason, sizeof reason, "streamlocal forwarding failed: %s", pr->streamlocal_failure);
    else if (pr->profile->transport == TRANSPORT_DIAL_STDIO)
        snprintf(reason, sizeof reason, "the profile says so");
    else
        snprintf(reason, sizeof reason, "no socket was found there");
    /* Without an answer from the remote shell the socket is unknown. */
    bool known = !profile_seeks_socket(pr->profile) || pr->answer.answered;
    succeed(pr, TRANSPORT_DIAL_STDIO, reason, own_command(pr) || !known ? NULL : place(pr));
}

static void stdio_failed(struct transport_probe *pr, const char *why)
{
    if (*pr->stdio_failure == '\0')
        snprintf(pr->stdio_failure, sizeof pr->stdio_failure, "%s says: %s", pr->command, why);
    if (!own_command(pr) && seek(pr, pr->at + 1))
        enter(pr, STAGE_DIAL_STDIO);
    else
        give_up(pr);
}

/* Something that is no answer of a Docker Engine: the greeting of a start file, mostly. */
static void stdio_babbled(struct transport_probe *pr)
{
    char why[300];

    pr->reply[pr->reply_len] = '\0';
    pr->reply[strcspn(pr->reply, "\r\n")] = '\0';
    snprintf(why, sizeof why,
             "\"%.120s\", where the Docker Engine's answer was expected (a start file of the remote shell, "
             "~/.bashrc or the like, must print nothing without a terminal)",
             pr->reply);
    stdio_failed(pr, why);
}

static void step_dial_stdio(struct transport_probe *pr, enum channel_state state)
{
    char why[400], words[300];

    if (pr->answered) {
        /* Cut off, its place would be taken for a while (MaxSessions), and
         * asyncssh 2.10 drops the whole connection. */
        if (state == CHANNEL_ENDED || pr->timed_out)
            stdio_succeeded(pr);
    } else if (pr->reply_len >= 7) {
        pr->answered = memcmp(pr->reply, "HTTP/1.", 7) == 0;
        if (!pr->answered)
            stdio_babbled(pr);
        else
            uv_timer_start(&pr->timer, on_timeout, END_MS, 0);
        pr->owner.dirty(pr->owner.user);
    } else if (state == CHANNEL_OPEN && !pr->spoken && !pr->timed_out) {
        pr->spoken = channel_write(pr->ch, PING, strlen(PING)) == (ssize_t)strlen(PING);
    } else if (state == CHANNEL_REFUSED) {
        stdio_failed(pr, refusal_words(pr));
    } else if (state == CHANNEL_ENDED || pr->timed_out) {
        exit_status_describe(channel_exit_status(pr->ch), words, sizeof words);
        snprintf(why, sizeof why, "%s%s", state == CHANNEL_ENDED ? "" : "no answer to a ping ", words);
        stdio_failed(pr, why);
    }
}

void transport_probe_step(struct transport_probe *pr)
{
    if (pr->stage == STAGE_OVER)
        return;
    enum channel_state state = pr->ch != NULL ? channel_step(pr->ch, true) : CHANNEL_REFUSED;
    switch (pr->stage) {
    case STAGE_ASK:
        step_ask(pr, state);
        break;
    case STAGE_STREAMLOCAL:
        step_streamlocal(pr, state);
        break;
    case STAGE_DIAL_STDIO:
        step_dial_stdio(pr, state);
        break;
    case STAGE_OVER:
        break;
    }
}

static void on_timeout(uv_timer_t *timer)
{
    struct transport_probe *pr = timer->data;

    pr->timed_out = true;
    pr->owner.dirty(pr->owner.user);
}

struct transport_probe *transport_probe_start(uv_loop_t *loop, struct session *s, const struct profile *p,
                                              const struct transport_probe_owner *owner)
{
    struct transport_probe *pr = mem_alloc(sizeof *pr);

    pr->session = s;
    pr->profile = p;
    pr->owner = *owner;
    pr->timer.data = pr;
    uv_timer_init(loop, &pr->timer);
    remote_socket_guess(p, &pr->answer);
    if (profile_seeks_socket(p)) {
        pr->asked = true;
        enter(pr, STAGE_ASK);
    } else {
        begin(pr);
    }
    return pr;
}

struct channel *transport_probe_take_channel(struct transport_probe *pr)
{
    struct channel *ch = pr->stage == STAGE_OVER ? pr->ch : NULL;

    if (ch != NULL)
        pr->ch = NULL;
    return ch;
}

static void on_closed(uv_handle_t *handle)
{
    struct transport_probe *pr = handle->data;

    free(pr->command);
    free(pr);
}

void transport_probe_free(struct transport_probe *pr)
{
    if (pr == NULL)
        return;
    leave_stage(pr);
    pr->stage = STAGE_OVER;
    uv_close((uv_handle_t *)&pr->timer, on_closed);
}
