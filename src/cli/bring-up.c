#include "cli/bring-up.h"

#include "base/mem.h"
#include "base/quote.h"
#include "control/tether-client.h"
#include "docker/environment.h"
#include "store/runtime.h"
#include "tether/launch.h"
#include "ui/out.h"
#include "ui/progress.h"
#include "ui/term.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int bring_up_environment(const char *name, struct err *e)
{
    char *url = runtime_url(name, e);
    int rc = url != NULL ? environment_set(url, e) : -1;

    free(url);
    return rc;
}

/* launch_options.waiting: user is where the progress is kept. */
static void waiting(void *user, const char *name, const char *what, const char *whom)
{
    struct progress **progress = user;

    if (what == NULL) {
        progress_free(*progress);
        *progress = NULL;
    } else if (*progress == NULL && strcmp(what, "agent") == 0) {
        /* While keys are looked up: a question for a passphrase may follow. */
        char *text = progress_text(what, whom);
        out_note(name, "waiting for %s", text);
        free(text);
    } else {
        if (*progress == NULL)
            *progress = progress_new(name);
        progress_note(*progress, what, whom);
    }
}

static const char *older(enum launch_difference difference)
{
    switch (difference) {
    case LAUNCH_OTHER_VERSION:
        return "an older version of the program";
    case LAUNCH_OTHER_AGENT:
        return "an agent that it cannot reach";
    default:
        return "older values";
    }
}

static const char *newer(enum launch_difference difference)
{
    switch (difference) {
    case LAUNCH_OTHER_VERSION:
        return "this version of the program";
    case LAUNCH_OTHER_AGENT:
        return "the agent of this login";
    default:
        return "its new values";
    }
}

/* The tether that runs differs, and `up` must not replace it. */
static void note_difference(const char *name, enum launch_difference difference)
{
    json_t *state = tether_client_status(name, NULL);
    const char *unit = json_string_value(json_object_get(state, "unit"));
    char *word = unit != NULL ? quote_unit(unit) : NULL;

    if (word != NULL)
        out_note(name,
                 "the running tether has %s, and systemd keeps it: systemctl --user restart %s "
                 "gives it %s, and cuts what is open",
                 older(difference), word, newer(difference));
    else
        out_note(name,
                 "the running tether has %s, and was not started by docktether up: end it and start "
                 "it anew where that is done (docktether run, a service manager)",
                 older(difference));
    free(word);
    json_decref(state);
}

int bring_up_check_pins(const struct profile *p, struct err *e)
{
    if (p->pins.count > 0)
        return 0;
    err_set(e, ERR_HOSTKEY, "host key", "no host key is pinned for %s", p->host);
    if (profile_is_ephemeral(p))
        return err_hint(e,
                        "ask the server itself (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub), and give "
                        "what it says: --pin 'TYPE SHA256:...'");
    return err_hint(
        e,
        "look at what the host presents with `docktether pin %s --scan`, compare it with the server's "
        "own words (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub), then: docktether pin %s --add "
        "'TYPE SHA256:...'",
        p->name, p->name);
}

int bring_up_check_docker(const struct profile *p, struct err *e)
{
    if (profile_has_docker(p))
        return 0;
    err_set(e, ERR_FAILED, "", "it is only a way to others (socket = none), without a Docker of its own");
    return err_hint(e, "docktether update %s --set socket=/var/run/docker.sock gives it one", p->name);
}

static struct launch_options options_for(bool for_others, struct progress **progress)
{
    return (struct launch_options){ .ask = term_passphrase,
                                    .level = LOG_INFO,
                                    .waiting = waiting,
                                    .waiting_user = progress,
                                    .for_others = for_others };
}

int bring_up_hops(const struct profile *p, struct err *e)
{
    struct progress *progress = NULL;
    const struct launch_options options = options_for(true, &progress);

    return launch_hops(p, &options, e);
}

int bring_up_bound(const struct profile *p, struct runtime *rt, int *lifeline, struct err *e)
{
    struct progress *progress = NULL;
    const struct launch_options options = options_for(false, &progress);

    (void)fflush(NULL); /* launch_bound() forks */
    return launch_bound(p, rt, &options, lifeline, e);
}

int bring_up(const struct profile *p, bool for_others, struct err *e)
{
    struct progress *progress = NULL;
    const struct launch_options options = options_for(for_others, &progress);
    enum launch_difference difference;

    if (bring_up_check_pins(p, e) != 0)
        return -1;
    (void)fflush(NULL); /* launch_up() forks */
    switch (launch_up(p, &options, &difference, e)) {
    case LAUNCH_STARTED:
        out_note(p->name, "up");
        return 0;
    case LAUNCH_RUNNING:
        if (difference != LAUNCH_SAME)
            note_difference(p->name, difference);
        return 0;
    case LAUNCH_REPLACED:
        out_note(p->name, "up, with %s; what was open goes on to its end", newer(difference));
        return 0;
    case LAUNCH_FAILED:
        if (difference != LAUNCH_SAME)
            out_note(p->name, "the tether that runs goes on with %s; docktether down %s ends it",
                     difference == LAUNCH_OTHER_VALUES ? "its older values" : older(difference), p->name);
        break;
    }
    return -1;
}
