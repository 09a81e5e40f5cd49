#include "store/profile.h"

#include "store/endpoint.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int profile_finish(struct profile *p, struct err *e)
{
    if (p->host == NULL || *p->host == '\0')
        return err_set(e, ERR_PROFILE, "profile", "%s has no host", p->name);
    if (p->user != NULL && *p->user != '\0')
        return 0;

    const struct passwd *pw = getpwuid(geteuid());
    if (pw == NULL || !endpoint_user_ok(pw->pw_name)) {
        err_set(e, ERR_PROFILE, "profile", "%s has no user, and the current user's name cannot be used",
                p->name);
        return err_hint(e, "give it one: %s--set user=NAME", p->change);
    }
    mem_replace(&p->user, pw->pw_name);
    return 0;
}

char *profile_endpoint(const struct profile *p)
{
    return endpoint_format(p->user, p->host != NULL ? p->host : "", (uint16_t)p->port);
}

bool profile_has_docker(const struct profile *p)
{
    return strcmp(p->socket, PROFILE_NO_SOCKET) != 0;
}

bool profile_seeks_socket(const struct profile *p)
{
    return strcmp(p->socket, PROFILE_AUTO_SOCKET) == 0;
}

bool profile_has_context(const struct profile *p)
{
    return p->context && profile_has_docker(p);
}

bool profile_is_ephemeral(const struct profile *p)
{
    return *p->change == '\0';
}
