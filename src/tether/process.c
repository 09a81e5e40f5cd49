#include "tether/process.h"

#include <signal.h>
#include <stddef.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <sys/stat.h>
#include <unistd.h>

#define DESCRIPTORS_MAX 65536

void process_close_inherited(int keep)
{
#ifdef HAVE_CLOSE_RANGE
    if ((keep == 3 || close_range(3, (unsigned)keep - 1, 0) == 0) &&
        close_range((unsigned)keep + 1, ~0U, 0) == 0)
        return;
#endif
    struct rlimit lim;
    int max = getrlimit(RLIMIT_NOFILE, &lim) == 0 && lim.rlim_cur < DESCRIPTORS_MAX ? (int)lim.rlim_cur
                                                                                    : DESCRIPTORS_MAX;

    for (int fd = 3; fd < max; fd++)
        if (fd != keep)
            close(fd);
}

static void raise_descriptor_limit(void)
{
    struct rlimit lim;

    if (getrlimit(RLIMIT_NOFILE, &lim) != 0 || lim.rlim_cur >= DESCRIPTORS_MAX)
        return;
    lim.rlim_cur =
        lim.rlim_max == RLIM_INFINITY || lim.rlim_max > DESCRIPTORS_MAX ? DESCRIPTORS_MAX : lim.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &lim);
}

struct rlimit process_forbid_core(void)
{
    struct rlimit old = { RLIM_INFINITY, RLIM_INFINITY };

    (void)getrlimit(RLIMIT_CORE, &old);
    const struct rlimit none = { 0, old.rlim_max };
    (void)setrlimit(RLIMIT_CORE, &none);
    return old;
}

void process_harden(void)
{
    umask(077);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a log at the limit of `ulimit -f` ends no session */
#ifdef PR_SET_DUMPABLE
    /* Decrypted keys lie in memory: no process of the same user but root's attaches to
     * this one, and no handler of cores that reads from a pipe, which RLIMIT_CORE does
     * not stop, gets one. */
    (void)prctl(PR_SET_DUMPABLE, 0);
#endif
    raise_descriptor_limit();
}
