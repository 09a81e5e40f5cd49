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

enum login_kind autostart_enabled(const char *name)
{
    return manager()->enabled(name);
}

const char *autostart_text(enum login_kind kind)
{
    static const char *const texts[] = {
        [LOGIN_NO] = "no",
        [LOGIN_START] = "at login",
        [LOGIN_DEMAND] = "on demand",
    };

    return texts[kind];
}

int autostart_enable(const struct profile *p, struct err *e)
{
    return manager()->enable(p, e);
}

int autostart_disable(const char *name, struct err *e)
{
    return manager()->disable(name, e);
}
