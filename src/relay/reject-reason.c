#include "relay/reject-reason.h"

#include <inttypes.h>
#include <string.h>

void reject_reason_down(const struct profile *p, bool stream, const struct err *why, struct err *e)
{
    char text[900];

    if (stream && why->code != ERR_NONE) {
        *e = *why;
        return;
    }
    if (stream) {
        err_set(e, ERR_UNREACHABLE, "SSH", "not connected to %s yet", p->host);
        return;
    }
    err_text(why, text, sizeof text);
    err_set(e, ERR_UNREACHABLE, "", "not connected%s%s", *why->msg ? ": " : "", *why->msg ? text : "");
    err_hint(e, "%s", why->hint);
}

void reject_reason_stream(const struct profile *p, const char *host, int64_t port, const char *words,
                          struct err *e)
{
    err_set(e, ERR_UNREACHABLE, "TCP", "%s cannot reach %s port %" PRId64 ": %s", p->host, host, port,
            *words != '\0' ? words : "no reason given");
    if (strcmp(words, "open failed") == 0)
        err_hint(e, "sshd gives no reason; this is its answer when AllowTcpForwarding is no");
    else
        err_hint(e, "is that host up, and does its SSH server listen on that port, as seen from %s?",
                 p->host);
}

void reject_reason_socket(const struct profile *p, const char *socket, const char *command, const char *words,
                          struct err *e)
{
    err_set(e, ERR_SOCKET, "Docker socket", "%s on %s cannot be reached by %s: %s",
            socket != NULL ? socket : "the Docker Engine", p->host,
            command != NULL ? command : "streamlocal forwarding", *words != '\0' ? words : "no reason given");
    if (profile_is_ephemeral(p))
        err_hint(e, "is the Docker Engine running there?");
    else
        err_hint(e, "is the Docker Engine running there? docktether doctor %s looks", p->name);
}
