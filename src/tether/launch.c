#include "tether/launch.h"

#include "base/digest.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/time.h"
#include "control/control-client.h"
#include "control/lock.h"
#include "control/message.h"
#include "control/private-runtime.h"
#include "control/wake-service.h"
#include "ssh/connect.h"
#include "store/runtime.h"
#include "store/store.h"
#include "store/via-chain.h"
#include "tether/jump.h"
#include "tether/process.h"
#include "tether/status.h"
#include "tether/tether.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ATTEMPTS 3 /* a tether that ends while we look at it is started anew */
#define STATUS_MS 5000
#define SLACK_MS 10000
#define GONE_MS 5000
#define ENDING_MS 2000

/* The longest that a tether may take for its first answer: name and TCP,
 * handshake, login, and the three tries of the probe. */
static int64_t answer_ms(const struct profile *p)
{
    return 6 * p->connect_timeout_ms + SLACK_MS;
}

static void tell(const struct launch_options *o, const struct profile *p, const char *what, const char *whom)
{
    if (o->waiting != NULL)
        o->waiting(o->waiting_user, p->name, what, whom);
}

/* The line that tells how it went. Those before it tell what is waited for. */
static json_t *await_answer(const struct profile *p, const struct launch_options *o, int fd, struct err *e)
{
    struct deadline d = deadline_in(answer_ms(p));
    json_t *answer;
    const char *what;

    tell(o, p, "tether", "");
    while ((answer = control_client_read_line(fd, deadline_left(d), e)) != NULL &&
           (what = json_string_value(json_object_get(answer, "waiting"))) != NULL) {
        const char *whom = json_string_value(json_object_get(answer, "whom"));
        tell(o, p, what, whom != NULL ? whom : "");
        json_decref(answer);
    }
    tell(o, p, NULL, "");
    return answer;
}

/* ---- a tether that runs already ------------------------------------------ */

/* What there is to know about it before it is joined or replaced. */
struct running {
    bool stale; /* other values, or another version of the program */
    bool replaceable;
    bool for_others;
};

static struct running look_at(const struct runtime *rt, const struct profile *p)
{
    char mine[DIGEST_HEX_SIZE];
    const char *fingerprint = NULL, *version = NULL;
    int replaceable = 0, for_others = 0;
    json_t *answer = control_client_ask(rt, control_client_op("status"), STATUS_MS, NULL);

    json_unpack(answer, "{s:{s?s,s?s,s?b,s?b}}", "status", "fingerprint", &fingerprint, "version", &version,
                "replaceable", &replaceable, "for_others", &for_others);
    store_fingerprint(p, mine);
    const struct running r = {
        .stale = fingerprint != NULL &&
                 (strcmp(fingerprint, mine) != 0 || version == NULL || strcmp(version, PACKAGE_VERSION) != 0),
        .replaceable = replaceable,
        .for_others = for_others,
    };
    json_decref(answer);
    return r;
}

/* A tether that is ending gives its lock up last. */
static bool await_unlocked(const struct runtime *rt)
{
    struct deadline d = deadline_in(ENDING_MS);
    pid_t pid;

    while (lock_is_held(rt, &pid)) {
        if (deadline_left(d) == 0)
            return false;
        poll(NULL, 0, 10);
    }
    return true;
}

static enum launch_result ask(const struct runtime *rt, const struct profile *p,
                              const struct launch_options *o, struct err *e)
{
    json_t *answer = NULL;
    enum launch_result result = LAUNCH_FAILED;

    int fd = control_client_open(rt, json_pack("{s:s,s:b}", "op", "up", "keep", !o->for_others), e);
    if (fd >= 0)
        answer = await_answer(p, o, fd, e);
    if (json_is_true(json_object_get(answer, "ok")))
        result = LAUNCH_RUNNING;
    else if (answer != NULL)
        message_unpack_err(json_object_get(answer, "error"), e);
    if (fd >= 0)
        close(fd);
    json_decref(answer);
    return result;
}

/* *again: it ended while we talked to it, or never got as far as talking. */
static enum launch_result join(const struct runtime *rt, const struct profile *p,
                               const struct launch_options *o, bool *again, struct err *e)
{
    enum launch_result r = ask(rt, p, o, e);

    *again = r == LAUNCH_FAILED && strcmp(e->layer, "control") == 0 && await_unlocked(rt);
    return r;
}

/* ---- in the new process -------------------------------------------------- */

static void send_running(int fd)
{
    static const char line[] = "{\"running\":true}\n";

    (void)send(fd, line, sizeof line - 1, MSG_NOSIGNAL);
}

static int serve(struct tether_config *cfg, struct err *e)
{
    cfg->lock = -1;
    int rc = cfg->replace ? 0 : lock_take(cfg->runtime, &cfg->lock, e);
    if (rc != 0)
        return rc;
    log_info(cfg->log, "tether of %s started, process %ld", cfg->profile->name, (long)getpid());
    rc = tether_run(cfg, e);
    log_info(cfg->log, "tether ended, process %ld", (long)getpid());
    return rc;
}

static int detach(struct log *log, const struct runtime *rt, int keep, struct err *e)
{
    process_close_inherited(keep);
    if (setsid() < 0 || chdir("/") != 0)
        return err_set_errno(e, ERR_FAILED, "", "cannot detach");
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0)
        return err_set_errno(e, ERR_FAILED, "", "cannot open /dev/null");
    if (null > STDERR_FILENO)
        close(null);
    return log_to_file(log, rt->log, e);
}

static int child_main(const struct profile *p, const struct identities *ids, const struct runtime *rt,
                      const struct launch_options *o, bool replace, int fd)
{
    struct err e = ERR_INIT;
    struct log *log = log_new(p->name, o->level);
    struct tether_config cfg = { .profile = p,
                                 .identities = ids,
                                 .runtime = rt,
                                 .log = log,
                                 .ready_fd = fd,
                                 .bound = o->lifeline != NULL,
                                 .replace = replace,
                                 .replaceable = o->lifeline == NULL,
                                 .for_others = o->for_others };

    process_harden();
    int rc = detach(log, rt, fd, &e);
    if (rc == 0)
        rc = serve(&cfg, &e);
    if (rc == 1) {
        send_running(fd);
    } else if (rc < 0) {
        /* Unread when the tether has given an answer itself. */
        status_send_ready(fd, &e);
    }
    log_free(log);
    if (cfg.bound)
        private_runtime_discard(rt);
    return rc < 0;
}

/* ---- in the process that waits ------------------------------------------- */

/* After a failure the caller finds nothing left of the tether: the other end is
 * closed when its process ends. */
static void await_gone(int fd)
{
    struct deadline d = deadline_in(GONE_MS);
    struct pollfd p = { .fd = fd, .events = POLLIN };
    char sink[256];

    while (poll(&p, 1, deadline_left(d)) == 1 && recv(fd, sink, sizeof sink, MSG_DONTWAIT) > 0)
        continue;
}

/* A tether that hangs. Not one that has ended: its pid, as its lock, may be another's. */
static void kill_hung(const struct runtime *rt, int fd, pid_t tether)
{
    pid_t pid;
    char byte;

    if (recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) != 0 && lock_is_held(rt, &pid) && pid == tether)
        kill(pid, SIGKILL);
}

static enum launch_result wait_for(const struct profile *p, const struct runtime *rt,
                                   const struct launch_options *o, int fd, pid_t tether, bool *again,
                                   struct err *e)
{
    json_t *answer = await_answer(p, o, fd, e);
    enum launch_result result = LAUNCH_FAILED;

    *again = json_is_true(json_object_get(answer, "running"));
    if (json_is_true(json_object_get(answer, "ok"))) {
        result = LAUNCH_STARTED;
        if (o->lifeline != NULL) {
            *o->lifeline = fd;
            fd = -1;
        }
    } else if (json_is_true(json_object_get(answer, "replaced"))) {
        /* Joined as it is: of two sets of values the later one's is the right one. */
        result = join(rt, p, o, again, e);
    } else {
        if (answer == NULL)
            kill_hung(rt, fd, tether);
        else if (!*again)
            message_unpack_err(json_object_get(answer, "error"), e);
        await_gone(fd);
    }
    if (fd >= 0)
        close(fd);
    json_decref(answer);
    return result;
}

/* Forks twice, so that the tether is nobody's child: `exec` becomes a command
 * that would never collect it. Its process id, or -1. */
static pid_t fork_tether(const struct profile *p, struct identities *ids, const struct runtime *rt,
                         const struct launch_options *o, bool replace, int fd)
{
    pid_t tether = -1;
    int told[2], status = 0;

    if (pipe2(told, O_CLOEXEC) != 0)
        return -1;
    fflush(NULL); /* or the child would write it once more */
    pid_t pid = fork();
    if (pid == 0) {
        pid_t inner = fork();
        if (inner == 0)
            /* exit(), not _exit(): leak checkers report from there. */
            exit(child_main(p, ids, rt, o, replace, fd));
        identities_free(ids); /* this process's copy of the keys */
        _exit(inner < 0 || write(told[1], &inner, sizeof inner) != sizeof inner);
    }
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (pid < 0 || status != 0 || read(told[0], &tether, sizeof tether) != sizeof tether)
        tether = -1;
    close(told[0]);
    close(told[1]);
    return tether;
}

static enum launch_result start(const struct profile *p, struct identities *ids, const struct runtime *rt,
                                const struct launch_options *o, bool replace, bool *again, struct err *e)
{
    int pair[2];

    *again = false;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return err_set_errno(e, ERR_FAILED, "", "cannot make a socket pair");
    pid_t tether = fork_tether(p, ids, rt, o, replace, pair[1]);
    close(pair[1]);
    if (tether > 0)
        return wait_for(p, rt, o, pair[0], tether, again, e);
    close(pair[0]);
    return err_set_errno(e, ERR_FAILED, "", "cannot start a process");
}

/* What identities_load() is given. */
struct loader {
    const struct profile *profile;
    const struct launch_options *options;
};

static void agent_slow(void *user)
{
    const struct loader *l = user;

    tell(l->options, l->profile, "agent", "");
}

struct identities *launch_identities(const struct profile *p, const struct launch_options *o, struct err *e)
{
    struct loader loader = { .profile = p, .options = o };
    const struct identity_helpers h = {
        .ask = o->ask, .ask_user = o->ask_user, .agent_slow = agent_slow, .agent_slow_user = &loader
    };

    struct identities *ids = identities_load(p, &h, e);
    tell(o, p, NULL, "");
    return ids;
}

static enum launch_result begin(const struct profile *p, const struct runtime *rt,
                                const struct launch_options *o, bool replace, bool *again, struct err *e)
{
    if (connect_check_pins(p, e) != 0)
        return LAUNCH_FAILED;
    const struct rlimit core = process_forbid_core();
    struct identities *ids = launch_identities(p, o, e);
    enum launch_result r = ids != NULL ? start(p, ids, rt, o, replace, again, e) : LAUNCH_FAILED;
    identities_free(ids);
    /* `exec` goes on in this process. */
    (void)setrlimit(RLIMIT_CORE, &core);
    return r;
}

static enum launch_result try_up(const struct profile *p, const struct runtime *rt,
                                 const struct launch_options *o, bool *stale, bool *again, struct err *e)
{
    pid_t pid;

    *again = false;
    if (!lock_is_held(rt, &pid)) {
        int summons = wake_service_begin(rt);
        if (summons < 0)
            return begin(p, rt, o, false, again, e);
        enum launch_result r = wake_service_await(rt, summons, e) == 0 ? ask(rt, p, o, e) : LAUNCH_FAILED;
        close(summons);
        return r;
    }
    const struct running running = look_at(rt, p);
    if (running.stale && running.replaceable) {
        struct launch_options same = *o;
        same.for_others = o->for_others && running.for_others;
        enum launch_result r = begin(p, rt, &same, true, again, e);
        if (stale != NULL)
            *stale = r == LAUNCH_FAILED;
        return r == LAUNCH_STARTED ? LAUNCH_REPLACED : r;
    }
    if (stale != NULL)
        *stale = running.stale;
    return join(rt, p, o, again, e);
}

static enum launch_result up_alone(const struct profile *p, const struct launch_options *o, bool *stale,
                                   struct err *e)
{
    struct runtime rt;
    enum launch_result r = LAUNCH_FAILED;
    bool again = true;

    if (stale != NULL)
        *stale = false;
    if (runtime_init(&rt, p->name, e) != 0)
        return LAUNCH_FAILED;
    if (runtime_prepare(&rt, e) == 0)
        for (int i = 0; again && i < ATTEMPTS; i++)
            r = try_up(p, &rt, o, stale, &again, e);
    runtime_clear(&rt);
    return r;
}

/* What p goes via, the first to be dialled first. Here, where somebody can be
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

enum launch_result launch_up(const struct profile *p, const struct launch_options *o, bool *stale,
                             struct err *e)
{
    if (launch_hops(p, o, e) != 0)
        return LAUNCH_FAILED;
    return up_alone(p, o, stale, e);
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
    /* Not before: until the tether runs nobody removes it when we are interrupted. */
    if (ids != NULL && private_runtime_init(rt, e) == 0)
        r = start(p, ids, rt, &bound, false, &again, e);
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
    pid_t pid;

    (void)shutdown(lifeline, SHUT_WR);
    await_gone(lifeline);
    close(lifeline);
    if (lock_is_held(rt, &pid) && pid > 1)
        kill(pid, SIGKILL);
    private_runtime_discard(rt); /* it may not have come to that */
}
