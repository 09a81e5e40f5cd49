#include "autostart/autostart.h"

#include "autostart/launchd.h"
#include "autostart/systemd.h"

static const struct service_manager *manager(void)
{
#ifdef __APPLE__
    return &launchd;
#else
    return &systemd;
#endif
}

enum login_kind login_enabled(const char *name)
{
    return manager()->enabled(name);
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
    return manager()->enable(p, e);
}

int login_disable(const char *name, struct err *e)
{
    return manager()->disable(name, e);
}
