#include "control/wake-service.h"

#include "base/time.h"
#include "base/unixsock.h"
#include "control/lock.h"

#include <poll.h>
#include <sys/types.h>

#define APPEAR_MS 10000
#define LOOK_MS 10

int wake_service_begin(const struct runtime *rt)
{
    return unixsock_try_connect(rt->sock);
}

int wake_service_await(const struct runtime *rt, int fd, struct err *e)
{
    struct deadline d = deadline_in(APPEAR_MS);
    pid_t pid;

    while (!lock_is_held(rt, &pid)) {
        struct pollfd p = { .fd = fd, .events = POLLIN };
        /* A tether that cannot begin answers without having locked anything. */
        if (deadline_left(d) > 0 && poll(&p, 1, LOOK_MS) == 0)
            continue;
        err_set(e, ERR_FAILED, "runtime", "the service manager listens on %s, and its tether does not run",
                rt->sock);
        return err_hint(e, "on Linux: journalctl --user -e, or systemctl --user status 'docktether@*'");
    }
    return 0;
}
