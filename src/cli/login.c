#include "cli/login.h"

#include "cli/launchd.h"
#include "cli/systemd.h"

enum login_kind login_enabled(const char *name)
{
#ifdef __APPLE__
    return launchd_enabled(name);
#else
    return systemd_enabled(name);
#endif
}

const char *login_text(enum login_kind kind)
{
    static const char *const texts[] = {
        [LOGIN_NO] = "no",
        [LOGIN_START] = "at login",
        [LOGIN_DEMAND] = "on demand",
    };

    return texts[kind];
}

int login_enable(const struct profile *p, struct err *e)
{
#ifdef __APPLE__
    return launchd_enable(p, e);
#else
    return systemd_enable(p, e);
#endif
}

int login_disable(const char *name, struct err *e)
{
#ifdef __APPLE__
    return launchd_disable(name, e);
#else
    return systemd_disable(name, e);
#endif
}
