/* The deadlines of an attempt to connect, with a clock of the test's own: the linker puts
 * ours in the place of deadline_in(). This program is also the `docktether up` that a hop is
 * started with. */
#include "scratch.h"

#include "base/time.h"
#include "base/unixsock.h"
#include "control/lock.h"
#include "ssh/identity.h"
#include "store/profile.h"
#include "store/store.h"
#include "tether/connect-worker.h"
#include "tether/deadlines.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cmocka.h>

#define TIMEOUT_MS 7000
#define BEHAVIOUR "DOCKTETHER_TEST_HOP" /* what the hop's `up` does */
#define SOON_MS 50

/* ---- the clock --------------------------------------------------------------- */

struct deadline __real_deadline_in(int64_t ms);
struct deadline __wrap_deadline_in(int64_t ms);

static int64_t asked[64];
static size_t asked_count;
static bool in_a_hurry; /* deadlines come soon */

static size_t times_asked(int64_t ms)
{
    size_t count = 0;

    for (size_t i = 0; i < asked_count; i++)
        count += asked[i] == ms;
    return count;
}

struct deadline __wrap_deadline_in(int64_t ms)
{
    if (asked_count < sizeof asked / sizeof *asked)
        asked[asked_count++] = ms;
    /* The login slot and TCP have their time, on a busy machine too. */
    const bool soon = in_a_hurry && ms > SOON_MS && (ms != TIMEOUT_MS || times_asked(ms) > 2);
    return __real_deadline_in(soon ? SOON_MS : ms);
}

/* ---- an attempt --------------------------------------------------------------- */

struct outcome {
    bool done, refused;
    struct err err;
};

static void on_done(void *user, struct session *session, bool refused, const struct err *e)
{
    struct outcome *o = user;

    assert_null(session);
    o->done = true;
    o->refused = refused;
    o->err = *e;
}

static void on_waiting(void *user)
{
    (void)user;
}

static struct profile *profile(const char *name, int64_t port, const char *via)
{
    struct profile *p = profile_new(name);
    struct pin pin;

    p->host = mem_strdup("127.0.0.1");
    p->user = mem_strdup("u");
    p->port = port;
    p->connect_timeout_ms = TIMEOUT_MS;
    mem_replace(&p->via, via);
    assert_int_equal(pin_parse("ssh-ed25519 SHA256:uNiVztksCsDhcc0u9e8BrqzGzkqNO4Pc9gAk1ZyRrKs", &pin, NULL),
                     0);
    assert_true(pins_add(&p->pins, &pin));
    assert_int_equal(profile_finish(p, NULL), 0);
    return p;
}

static struct outcome attempt(const struct profile *p)
{
    struct outcome o = { .done = false };
    const struct connect_worker_owner owner = { .done = on_done, .waiting = on_waiting, .user = &o };
    struct runtime rt;
    uv_loop_t loop;

    assert_int_equal(runtime_init(&rt, p->name, NULL), 0);
    assert_int_equal(runtime_prepare(&rt, NULL), 0);
    assert_int_equal(uv_loop_init(&loop), 0);
    asked_count = 0;
    /* It does not come as far as a login: nothing is there to log in with. */
    assert_non_null(connect_worker_start(&loop, p, NULL, &rt, NULL, &owner, NULL));
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    runtime_clear(&rt);
    assert_true(o.done);
    return o;
}

/* A server that listens and says nothing. */
static int silent_server(int64_t *port)
{
    struct sockaddr_in sa = { .sin_family = AF_INET };
    socklen_t len = sizeof sa;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof sa), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &len), 0);
    *port = ntohs(sa.sin_port);
    return fd;
}

static void each_phase_has_its_own_deadline(void **state)
{
    int64_t port;
    int fd = silent_server(&port);
    struct profile *p = profile("prod", port, NULL);

    (void)state;
    in_a_hurry = true;
    struct outcome o = attempt(p);
    assert_int_equal(o.err.code, ERR_UNREACHABLE);
    assert_false(o.refused);
    /* The login slot; name and TCP; banner and key exchange. */
    assert_int_equal(times_asked(TIMEOUT_MS), 3);
    profile_free(p);
    close(fd);
}

/* ---- through a hop that does not run ------------------------------------------- */

static struct profile *behind_a_hop(const char *behaviour)
{
    struct profile *hop = profile("bastion", 22, NULL);

    hop->connect_timeout_ms = 9000;
    assert_int_equal(store_save(hop, true, NULL), 0);
    profile_free(hop);
    setenv(BEHAVIOUR, behaviour, 1);
    return profile("prod", 22, "bastion");
}

static void a_hop_has_the_time_of_all_its_phases(void **state)
{
    struct profile *p = behind_a_hop("hang");

    (void)state;
    in_a_hurry = true;
    assert_true(deadlines_hops_ms(p) > 4 * 9000);
    struct outcome o = attempt(p);
    assert_int_equal(times_asked(deadlines_hops_ms(p)), 1);
    assert_int_equal(o.err.code, ERR_UNREACHABLE);
    assert_string_equal(o.err.layer, "hop bastion");
    assert_false(o.refused);
    /* It was ended and collected. */
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    profile_free(p);
}

static void a_hop_that_stands_still_is_not_waited_for(void **state)
{
    struct profile *p = behind_a_hop("stop");

    (void)state;
    in_a_hurry = true;
    struct outcome o = attempt(p);
    assert_int_equal(o.err.code, ERR_UNREACHABLE);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    profile_free(p);
}

static void a_refusal_of_a_hop_is_final_and_its_agent_is_not(void **state)
{
    struct profile *p = behind_a_hop("refused");

    (void)state;
    in_a_hurry = false;
    struct outcome o = attempt(p);
    assert_int_equal(o.err.code, ERR_AUTH);
    assert_string_equal(o.err.layer, "hop bastion");
    assert_string_equal(o.err.msg, "authentication: u@h refused the key");
    assert_true(o.refused);
    setenv(BEHAVIOUR, "agent", 1);
    o = attempt(p);
    assert_int_equal(o.err.code, ERR_AUTH);
    assert_false(o.refused);
    profile_free(p);
}

/* A process that has the hop's lock, and breaks off in the middle of its answer. */
static pid_t broken_hop(void)
{
    struct runtime rt;
    int ready[2];
    char byte;

    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        int lock;
        if (runtime_init(&rt, "bastion", NULL) != 0 || runtime_prepare(&rt, NULL) != 0 ||
            lock_take(&rt, &lock, NULL) != 0)
            _exit(1);
        int listening = unixsock_listen(rt.ctl, NULL);
        fcntl(listening, F_SETFL, 0);
        (void)!write(ready[1], "x", 1);
        int fd = accept(listening, NULL, NULL);
        (void)!write(fd, "{\"ok\":t", 8);
        close(fd);
        pause();
        _exit(0);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return pid;
}

static void half_an_answer_is_none_at_once(void **state)
{
    struct profile *p = behind_a_hop("hang");
    pid_t pid = broken_hop();

    (void)state;
    in_a_hurry = false;
    /* Else it would be waited for until the deadline. */
    p->connect_timeout_ms = 3600000;
    alarm(60);
    struct outcome o = attempt(p);
    alarm(0);
    assert_int_equal(o.err.code, ERR_UNREACHABLE);
    assert_string_equal(o.err.layer, "hop bastion");
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    profile_free(p);
}

/* ---- this program as `docktether up --for-others bastion` ----------------------- */

static int play_up(void)
{
    const char *behaviour = getenv(BEHAVIOUR);

    if (strcmp(behaviour, "stop") == 0)
        raise(SIGSTOP);
    if (strcmp(behaviour, "hang") == 0)
        pause();
    if (strcmp(behaviour, "refused") == 0)
        fprintf(stderr, "docktether: bastion: authentication: u@h refused the key\nhint: none\n");
    if (strcmp(behaviour, "agent") == 0)
        fprintf(stderr, "docktether: bastion: agent: cannot reach the agent at /x\n");
    return ERR_AUTH;
}

static int setup(void **state)
{
    if (scratch_setup(state) != 0)
        return -1;
    setenv("XDG_RUNTIME_DIR", *state, 1);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, scratch_teardown)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(each_phase_has_its_own_deadline),
        TEST(a_hop_has_the_time_of_all_its_phases),
        TEST(a_hop_that_stands_still_is_not_waited_for),
        TEST(a_refusal_of_a_hop_is_final_and_its_agent_is_not),
        TEST(half_an_answer_is_none_at_once),
    };

    if (argc > 1 && strcmp(argv[1], "up") == 0)
        return play_up();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("connect-worker", tests, NULL, NULL);
}
