/* The ways to the Docker socket: sshd's forwarding, and a command in its place. */
#include "doctor/doctor-remote.h"

#include <stdlib.h>

#define SETTING                                                                                   \
    "echo AllowStreamLocalForwarding yes | sudo tee -a /etc/ssh/sshd_config.d/00-docktether.conf" \
    " && sudo systemctl reload ssh"

static void not_forwarded(struct doctor_host *h, bool reached, struct finding *f)
{
    const struct doctor_remote *r = h->remote;
    bool known = r->listening == REMOTE_LISTENING_YES || reached;

    if (reached)
        finding_warn(f, "sshd does not forward to %s (%s); %s is used in its place", doctor_place(h)->path,
                     r->forwarding_why, r->dial);
    else
        finding_fail(f, ERR_SOCKET, "sshd does not forward to %s%s: %s%s%s", doctor_place(h)->path,
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
    else if (doctor_try_all(h, &reached, &e) != 0)
        finding_error(f, VERDICT_FAILED, &e, NULL);
    else if (h->remote->forwarding == ATTEMPT_WORKS)
        finding_ok(f, "streamlocal to %s", doctor_place(h)->path);
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
    } else if (doctor_try_all(h, &reached, &e) != 0) {
        finding_error(f, VERDICT_FAILED, &e, NULL);
    } else if (reached) {
        finding_ok(f, "%s", r->dial);
    } else {
        remote_socket_explain(&r->answer, h->profile, r->command_why, &e);
        finding_error(f, VERDICT_FAILED, &e, h->profile->host);
        if (h->profile->transport == TRANSPORT_DIAL_STDIO && !doctor_own_command(h))
            finding_fix(f, NULL, "docktether update %s --set transport=auto", h->name);
    }
}
