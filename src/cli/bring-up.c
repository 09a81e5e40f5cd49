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

/* launch_options.waiting: user points to the progress. */
static void waiting(void *user, const char *name, const char *what, const char *whom)
{
    struct progress **progress = user;

    if (what == NULL) {
        progress_free(*progress);
        *progress = NULL;
    } else if (*progress == NULL && strcmp(what, "agent") == 0) {
        /* A plain line, because a question for a passphrase may follow. */
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
        return "older settings";
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
        return "the current settings";
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
                 "the running tether has %s; systemd runs it, so to give it %s: "
                 "systemctl --user restart %s (closes open connections)",
                 older(difference), newer(difference), word);
    else
        out_note(name,
                 "the running tether has %s and was not started by docktether up; restart it the way it was "
                 "started (docktether run, a service manager)",
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
                        "run ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub on the server, then give that "
                        "key: --pin 'TYPE SHA256:...'");
    return err_hint(
        e,
        "docktether pin %s --scan shows the host's keys; compare them on the server (ssh-keygen -lf "
        "/etc/ssh/ssh_host_ed25519_key.pub), then: docktether pin %s --add 'TYPE SHA256:...'",
        p->name, p->name);
}

int bring_up_check_docker(const struct profile *p, struct err *e)
{
    if (profile_has_docker(p))
        return 0;
    err_set(e, ERR_FAILED, "", "it is only a jump host (socket = none) and has no Docker socket");
    return err_hint(e, "to give it one: docktether update %s --set socket=/var/run/docker.sock", p->name);
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
        out_note(p->name, "up with %s; open connections continue", newer(difference));
        return 0;
    case LAUNCH_FAILED:
        if (difference != LAUNCH_SAME)
            out_note(p->name, "the running tether keeps %s; to end it: docktether down %s", older(difference),
                     p->name);
        break;
    }
    return -1;
}
