/* The ways to the Docker socket: sshd's forwarding, and a command in its place. */
#include "doctor/doctor-remote.h"
#include "doctor/sshd-setting.h"

#include <stdlib.h>

/* Each of these settings closes the way to a socket, AllowTcpForwarding too. */
static void not_forwarded(struct doctor_host *h, bool reached, struct finding *f)
{
    static const char *const lines[] = { "AllowStreamLocalForwarding yes", "AllowTcpForwarding yes",
                                         "DisableForwarding no", "PermitOpen any", NULL };
    const struct doctor_remote *r = h->remote;
    bool known = r->listening == REMOTE_LISTENING_YES || reached;
    char *hint;

    if (reached)
        finding_warn(f, "sshd does not forward to %s (%s); %s is used in its place", doctor_place(h)->path,
                     r->forwarding_why, r->dial);
    else
        finding_fail(f, ERR_SOCKET, "sshd does not forward to %s%s: %s%s%s", doctor_place(h)->path,
                     known ? ", where a process listens" : "", r->forwarding_why,
                     *r->command_why ? "; and " : "", r->command_why);
    hint =
        mem_printf("AllowStreamLocalForwarding, AllowTcpForwarding, DisableForwarding or PermitOpen of its "
                   "sshd_config forbids it, or restrict before the key in authorized_keys%s",
                   known ? "" : ", or no Docker Engine runs");
    sshd_setting(h, SSHD_USER, lines, f, hint);
    free(hint);
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
        finding_skip(f, "no socket was found to forward to");
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
        if (r->noise)
            finding_hint(f,
                         "~/.bashrc and the like have to print nothing in a shell that is not interactive: "
                         "[[ $- == *i* ]] || return");
        else if (h->profile->transport == TRANSPORT_DIAL_STDIO && !doctor_own_command(h))
            finding_fix(f, NULL, "docktether update %s --set transport=auto", h->name);
    }
}
