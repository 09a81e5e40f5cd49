#include "tether/launch-internal.h"

#include "control/lock.h"
#include "control/private-runtime.h"
#include "control/wake-service.h"
#include "ssh/connect.h"
#include "store/runtime.h"
#include "store/via-chain.h"
#include "tether/jump.h"
#include "tether/process.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define ATTEMPTS 3 /* a tether that ends while we look at it is started anew */

void launch_tell(const struct launch_options *o, const struct profile *p, const char *what, const char *whom)
{
    if (o->waiting != NULL)
        o->waiting(o->waiting_user, p->name, what, whom);
}

/* What identities_load() is given. */
struct loader {
    const struct profile *profile;
    const struct launch_options *options;
};

static void agent_slow(void *user)
{
    const struct loader *l = user;

    launch_tell(l->options, l->profile, "agent", "");
}

struct identities *launch_identities(const struct profile *p, const struct launch_options *o, struct err *e)
{
    struct loader loader = { .profile = p, .options = o };
    const struct identity_helpers h = {
        .ask = o->ask, .ask_user = o->ask_user, .agent_slow = agent_slow, .agent_slow_user = &loader
    };

    struct identities *ids = identities_load(p, &h, e);
    launch_tell(o, p, NULL, "");
    return ids;
}

static enum launch_result begin(const struct profile *p, const struct runtime *rt,
                                const struct launch_options *o, bool replace, bool *again, struct err *e)
{
    if (connect_check_pins(p, e) != 0)
        return LAUNCH_FAILED;
    const struct rlimit core = process_forbid_core();
    struct identities *ids = launch_identities(p, o, e);
    enum launch_result r = ids != NULL ? launch_start(p, ids, rt, o, replace, again, e) : LAUNCH_FAILED;
    identities_free(ids);
    /* `exec` goes on in this process. */
    (void)setrlimit(RLIMIT_CORE, &core);
    return r;
}

static enum launch_result try_up(const struct profile *p, const struct runtime *rt,
                                 const struct launch_options *o, enum launch_difference *difference,
                                 bool *again, struct err *e)
{
    pid_t pid;

    *again = false;
    *difference = LAUNCH_SAME;
    if (!lock_is_held(rt, &pid)) {
        int awakened = wake_service_begin(rt);
        if (awakened < 0)
            return begin(p, rt, o, false, again, e);
        enum launch_result r =
            wake_service_await(rt, awakened, e) == 0 ? launch_ask(rt, p, o, e) : LAUNCH_FAILED;
        close(awakened);
        return r;
    }
    const struct launch_running running = launch_look(rt, p);
    *difference = running.difference;
    if (running.difference != LAUNCH_SAME && running.replaceable) {
        struct launch_options same = *o;
        same.for_others = o->for_others && running.for_others;
        enum launch_result r = begin(p, rt, &same, true, again, e);
        /* The tether that was joined instead is another one. */
        if (r == LAUNCH_RUNNING)
            *difference = LAUNCH_SAME;
        return r == LAUNCH_STARTED ? LAUNCH_REPLACED : r;
    }
    return launch_join(rt, p, o, again, e);
}

static enum launch_result up_alone(const struct profile *p, const struct launch_options *o,
                                   enum launch_difference *difference, struct err *e)
{
    struct runtime rt;
    enum launch_result r = LAUNCH_FAILED;
    bool again = true;

    enum launch_difference ignored;

    if (difference == NULL)
        difference = &ignored;
    *difference = LAUNCH_SAME;
    if (runtime_init(&rt, p->name, e) != 0)
        return LAUNCH_FAILED;
    if (runtime_prepare(&rt, e) == 0)
        for (int i = 0; again && i < ATTEMPTS; i++)
            r = try_up(p, &rt, o, difference, &again, e);
    runtime_clear(&rt);
    return r;
}

/* What p goes via, the first to be dialled first. Here, where the user can be
 * asked for passphrases, and not by the tethers themselves. */
int launch_hops(const struct profile *p, const struct launch_options *o, struct err *e)
{
    struct launch_options for_others = *o;
    struct via_chain chain;
    int rc = 0;

    for_others.for_others = true;
    if (via_chain_load(p, &chain, e) != 0)
        return -1;
    for (size_t i = chain.count; rc == 0 && i > 0; i--) {
        struct err why = ERR_INIT;
        if (up_alone(chain.hops[i - 1], &for_others, NULL, &why) == LAUNCH_FAILED)
            rc = jump_error(e, chain.hops[i - 1]->name, &why);
    }
    via_chain_clear(&chain);
    return rc;
}

enum launch_result launch_up(const struct profile *p, const struct launch_options *o,
                             enum launch_difference *difference, struct err *e)
{
    if (launch_hops(p, o, e) != 0)
        return LAUNCH_FAILED;
    return up_alone(p, o, difference, e);
}

int launch_bound(const struct profile *p, struct runtime *rt, const struct launch_options *o, int *lifeline,
                 struct err *e)
{
    struct launch_options bound = *o;
    enum launch_result r = LAUNCH_FAILED;
    bool again;

    bound.lifeline = lifeline;
    *lifeline = -1;
    const struct rlimit core = process_forbid_core();
    struct identities *ids = launch_identities(p, o, e);
    /* Not before: until the tether runs nothing removes it when we are interrupted. */
    if (ids != NULL && private_runtime_init(rt, e) == 0)
        r = launch_start(p, ids, rt, &bound, false, &again, e);
    identities_free(ids);
    (void)setrlimit(RLIMIT_CORE, &core);
    if (r == LAUNCH_STARTED)
        return 0;
    private_runtime_discard(rt);
    runtime_clear(rt);
    return -1;
}

void launch_release(const struct runtime *rt, int lifeline)
{
    (void)shutdown(lifeline, SHUT_WR);
    launch_await_gone(lifeline);
    close(lifeline);
    struct lock_holder h = lock_find_holder(rt);
    lock_signal_holder(rt, &h, SIGKILL);
    lock_forget_holder(&h);
    private_runtime_discard(rt); /* it may not have come to that */
}
