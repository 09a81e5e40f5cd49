/* The Docker socket at the other side: is it there, and may it be used. */
#include "doctor/doctor-remote.h"

#include "base/quote.h"

#include <stdlib.h>
#include <string.h>

/* ---- socket ------------------------------------------------------------------- */

/* Another place that may be used, when the profile's own is not there. Its path comes
 * from the remote host and is quoted, because people paste it. */
static void suggest_place(struct doctor_host *h, struct finding *f)
{
    struct profile *p = profile_copy(h->profile);
    struct remote_socket_answer a = { 0 };
    size_t i = 0;

    mem_replace(&p->socket, PROFILE_AUTO_SOCKET);
    if (!profile_seeks_socket(h->profile) && doctor_ask_about(h, p, &a, NULL) == 0)
        while (i < a.count && a.places[i].state != REMOTE_USABLE)
            i++;
    if (i < a.count) {
        char *quoted = quote_sh(a.places[i].path);
        finding_hint(f, "a socket was found at %s", a.places[i].path);
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
        finding_warn(f, "%s; %s reaches a Docker Engine anyway", e.msg, r->dial);
        suggest_place(h, f);
        return;
    }
    finding_error(f, VERDICT_FAILED, &e, h->profile->host);
    suggest_place(h, f);
}

static void deserted(struct doctor_host *h, struct finding *f)
{
    const struct remote_socket_place *p = doctor_place(h);
    bool podman = strstr(p->path, "podman") != NULL;

    finding_fail(f, ERR_SOCKET,
                 "%s on %s exists, but no process listens on it: the Docker Engine is not running", p->path,
                 h->profile->host);
    finding_hint(f, "its log on that host: journalctl -u %s", podman ? "podman.socket" : "docker");
    finding_fix(f, h->profile->host, "sudo systemctl start %s", podman ? "podman.socket" : "docker");
}

/* A socket that may be used: can it be reached, and if not, what prevents it? */
static void judge_usable(struct doctor_host *h, struct finding *f, struct err *e)
{
    struct doctor_remote *r = h->remote;
    const struct remote_socket_place *p = doctor_place(h);
    bool reached = false;

    if (doctor_try_forwarding(h, e) != 0)
        return;
    if (r->forwarding == ATTEMPT_FAILED && doctor_ask_listening(h, e) != 0)
        return;
    if (r->listening == REMOTE_LISTENING_NO && doctor_try_all(h, &reached, e) != 0)
        return;
    if (r->listening == REMOTE_LISTENING_NO && !reached) {
        deserted(h, f);
    } else if (r->listening == REMOTE_LISTENING_NO) {
        finding_warn(f, "%s exists, but no process listens on it; %s reaches a Docker Engine anyway", p->path,
                     r->dial);
    } else {
        finding_ok(f, "%s", doctor_place(h)->path);
    }
}

static void look_at_socket(struct doctor_host *h, struct finding *f)
{
    struct err e = ERR_INIT;
    bool reached = false;

    if (doctor_ask_socket(h, &e) != 0) {
        finding_error(f, VERDICT_FAILED, &e, NULL);
        return;
    }
    if (doctor_own_command(h) && h->profile->transport == TRANSPORT_DIAL_STDIO) {
        finding_skip(f, "dial-command decides");
        return;
    }
    switch (doctor_place(h)->state) {
    case REMOTE_UNKNOWN:
        finding_skip(f, "the remote shell gives no answer");
        break;
    case REMOTE_ABSENT:
    case REMOTE_NO_SOCKET:
        if (doctor_try_all(h, &reached, &e) == 0)
            missing(h, reached, f);
        break;
    case REMOTE_CLOSED:
    case REMOTE_DENIED:
        finding_ok(f, "%s", doctor_place(h)->path);
        break;
    case REMOTE_USABLE:
        judge_usable(h, f, &e);
        break;
    }
    if (f->verdict == VERDICT_NONE)
        finding_error(f, VERDICT_FAILED, &e, NULL);
}

/* The attempts count as time of the layers that are about them. */
void doctor_socket(struct doctor_host *h, struct finding *f)
{
    look_at_socket(h, f);
    f->us -= doctor_tries_us(h);
}

/* ---- permission ------------------------------------------------------------------ */

void doctor_permission(struct doctor_host *h, struct finding *f)
{
    const struct remote_socket_answer *a = &h->remote->answer;
    const struct remote_socket_place *p = doctor_place(h);
    const int64_t before = doctor_tries_us(h);
    struct err e = ERR_INIT;
    bool reached = false;

    if (doctor_own_command(h) && h->profile->transport == TRANSPORT_DIAL_STDIO) {
        finding_skip(f, "dial-command decides");
    } else if (p->state == REMOTE_USABLE) {
        finding_ok(f, "%s may use it", *a->user ? a->user : h->profile->user);
    } else if (p->state == REMOTE_UNKNOWN) {
        finding_skip(f, "the remote shell gives no answer");
    } else if (p->state != REMOTE_DENIED && p->state != REMOTE_CLOSED) {
        finding_skip(f, "no socket was found");
    } else if ((doctor_own_command(h) || p->state == REMOTE_CLOSED) && doctor_try_all(h, &reached, &e) != 0) {
        finding_error(f, VERDICT_FAILED, &e, NULL);
    } else {
        remote_socket_explain(a, h->profile, "", &e);
        finding_error(f, reached ? VERDICT_WARNING : VERDICT_FAILED, &e, h->profile->host);
    }
    f->us -= doctor_tries_us(h) - before;
}
