#include "relay/limits.h"

#include <inttypes.h>
#include <limits.h>
#include <sys/resource.h>

#define FDS_RESERVED 48

void limits_init(struct limits *l)
{
    struct rlimit lim;

    l->fd_limit = l->listen_limit = INT_MAX;
    if (getrlimit(RLIMIT_NOFILE, &lim) != 0 || lim.rlim_cur > INT_MAX)
        return;
    int limit = (int)lim.rlim_cur, reserved = limit / 4 < FDS_RESERVED ? limit / 4 : FDS_RESERVED;
    l->listen_limit = limit - reserved / 2;
    l->fd_limit = limit - reserved;
}

bool limits_lacks(const struct limits *l, const struct profile *p, int fd, size_t count, int64_t held,
                  struct err *e)
{
    /* The kernel gives out the lowest number that is free. */
    if (fd >= l->fd_limit) {
        err_set(e, ERR_FAILED, "", "this process has no descriptor left for another connection");
        return err_hint(e, "raise the limit where the tether is started: ulimit -n") != 0;
    }
    if (count >= (size_t)p->max_connections) {
        err_set(e, ERR_FAILED, "", "there are %zu connections already", count);
        return err_hint(e, "%s--set max-connections=N allows more", p->change) != 0;
    }
    if (held < p->max_held)
        return false;
    err_set(e, ERR_UNREACHABLE, "", "%" PRId64 " connections wait for the session already", p->max_held);
    if (profile_is_ephemeral(p))
        return true;
    return err_hint(e, "docktether status %s tells why there is none", p->name) != 0;
}
