#include "tether/launch-internal.h"

#include "base/digest.h"
#include "base/time.h"
#include "base/unixsock.h"
#include "control/control-client.h"
#include "control/lock.h"
#include "control/message.h"
#include "store/store.h"
#include "tether/deadlines.h"

#include <config.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STATUS_MS 5000
#define ENDING_MS 2000

json_t *launch_await_answer(const struct profile *p, const struct launch_options *o, int fd, struct err *e)
{
    struct deadline d = deadline_in(deadlines_answer_ms(p));
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

/* Another agent is no reason while the tether serves and its own one can be reached: two
 * logins, each with an agent, would take the tether away from each other. */
static bool lacks_agent(const struct profile *p, const json_t *status)
{
    const char *state = json_string_value(json_object_get(status, "state"));
    const char *theirs = json_string_value(json_object_get(status, "agent"));
    char *ours = NULL;
    bool lacks = false;

    if (json_object_get(status, "agent") != NULL && state != NULL &&
        identities_find_agent(p, &ours, NULL) == 0 && ours != NULL &&
        (theirs == NULL || strcmp(theirs, ours) != 0) && unixsock_listening(ours))
        lacks = strcmp(state, "failed") == 0 || strcmp(state, "waiting") == 0 ||
                (theirs != NULL && !unixsock_listening(theirs));
    free(ours);
    return lacks;
}

static enum launch_difference compare(const struct profile *p, const json_t *status)
{
    const char *fingerprint = json_string_value(json_object_get(status, "fingerprint"));
    const char *version = json_string_value(json_object_get(status, "version"));
    char mine[DIGEST_HEX_SIZE];

    store_fingerprint(p, mine);
    if (fingerprint == NULL)
        return LAUNCH_SAME; /* it has not answered */
    if (strcmp(fingerprint, mine) != 0)
        return LAUNCH_OTHER_VALUES;
    if (version == NULL || strcmp(version, PACKAGE_VERSION) != 0)
        return LAUNCH_OTHER_VERSION;
    return lacks_agent(p, status) ? LAUNCH_OTHER_AGENT : LAUNCH_SAME;
}

struct launch_running launch_look(const struct runtime *rt, const struct profile *p)
{
    json_t *answer = control_client_ask(rt, control_client_op("status"), STATUS_MS, NULL);
    const json_t *status = json_object_get(answer, "status");
    const struct launch_running r = {
        .difference = compare(p, status),
        .replaceable = json_is_true(json_object_get(status, "replaceable")),
        .for_others = json_is_true(json_object_get(status, "for_others")),
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
