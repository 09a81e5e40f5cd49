#include "tether/launch-internal.h"

#include "base/digest.h"
#include "base/time.h"
#include "control/control-client.h"
#include "control/lock.h"
#include "control/message.h"
#include "store/store.h"

#include <config.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define STATUS_MS 5000
#define SLACK_MS 10000
#define ENDING_MS 2000

/* The longest that a tether may take for its first answer: name and TCP,
 * handshake, login, and the three tries of the probe. */
static int64_t answer_ms(const struct profile *p)
{
    return 6 * p->connect_timeout_ms + SLACK_MS;
}

json_t *launch_await_answer(const struct profile *p, const struct launch_options *o, int fd, struct err *e)
{
    struct deadline d = deadline_in(answer_ms(p));
    json_t *answer;
    const char *what;

    launch_tell(o, p, "tether", "");
    while ((answer = control_client_read_line(fd, deadline_left(d), e)) != NULL &&
           (what = json_string_value(json_object_get(answer, "waiting"))) != NULL) {
        const char *whom = json_string_value(json_object_get(answer, "whom"));
        launch_tell(o, p, what, whom != NULL ? whom : "");
        json_decref(answer);
    }
    launch_tell(o, p, NULL, "");
    return answer;
}

/* ---- a tether that runs already ------------------------------------------ */

struct launch_running launch_look(const struct runtime *rt, const struct profile *p)
{
    char mine[DIGEST_HEX_SIZE];
    const char *fingerprint = NULL, *version = NULL;
    int replaceable = 0, for_others = 0;
    json_t *answer = control_client_ask(rt, control_client_op("status"), STATUS_MS, NULL);

    json_unpack(answer, "{s:{s?s,s?s,s?b,s?b}}", "status", "fingerprint", &fingerprint, "version", &version,
                "replaceable", &replaceable, "for_others", &for_others);
    store_fingerprint(p, mine);
    const struct launch_running r = {
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

enum launch_result launch_ask(const struct runtime *rt, const struct profile *p,
                              const struct launch_options *o, struct err *e)
{
    json_t *answer = NULL;
    enum launch_result result = LAUNCH_FAILED;

    int fd = control_client_open(rt, json_pack("{s:s,s:b}", "op", "up", "keep", !o->for_others), e);
    if (fd >= 0)
        answer = launch_await_answer(p, o, fd, e);
    if (json_is_true(json_object_get(answer, "ok")))
        result = LAUNCH_RUNNING;
    else if (answer != NULL)
        message_unpack_err(json_object_get(answer, "error"), e);
    if (fd >= 0)
        close(fd);
    json_decref(answer);
    return result;
}

enum launch_result launch_join(const struct runtime *rt, const struct profile *p,
                               const struct launch_options *o, bool *again, struct err *e)
{
    enum launch_result r = launch_ask(rt, p, o, e);

    *again = r == LAUNCH_FAILED && strcmp(e->layer, "control") == 0 && await_unlocked(rt);
    return r;
}
