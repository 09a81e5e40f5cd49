/* What lies on this side: profile, tether, keys, agent. */
#include "base/jsonmember.h"
#include "doctor/doctor.h"

#include "base/digest.h"
#include "base/path.h"
#include "base/quote.h"
#include "control/tether-client.h"
#include "ssh/agent.h"
#include "ssh/identity.h"
#include "store/store.h"
#include "ui/out.h"
#include "ui/term.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEYS_USUAL 6 /* sshd's MaxAuthTries */

/* ---- profile --------------------------------------------------------------- */

void doctor_profile(struct doctor_host *h, struct finding *f)
{
    char *endpoint = profile_endpoint(h->profile);
    char *path = store_path(h->name, NULL);
    char *shown = path != NULL ? path_display(path) : NULL;

    finding_ok(f, "%s%s%s, %s", endpoint, h->profile->via != NULL ? " via " : "",
               h->profile->via != NULL ? h->profile->via : "", shown != NULL ? shown : h->name);
    free(shown);
    free(path);
    free(endpoint);
}

/* ---- tether ---------------------------------------------------------------- */

static void tell_last_error(const json_t *status, struct finding *f)
{
    const json_t *error = json_object_get(status, "last_error");
    const char *layer = jsonmember_text(error, "layer");

    if (json_is_object(error))
        finding_more(f, "last error, %s: %s%s%s", jsonmember_text(error, "at"), layer, *layer ? ": " : "",
                     jsonmember_text(error, "message"));
}

/* What it was started with and what the profile says now. */
static bool tell_stale(const struct doctor_host *h, struct finding *f)
{
    char mine[DIGEST_HEX_SIZE];
    char *endpoint = profile_endpoint(h->profile);
    const char *theirs = jsonmember_text(h->status, "endpoint"),
               *key = jsonmember_text(h->status, "host_key");
    const char *version = jsonmember_text(h->status, "version");
    bool other_values, other_version = *version != '\0' && strcmp(version, PACKAGE_VERSION) != 0;
    struct pin pin;

    store_fingerprint(h->profile, mine);
    other_values = strcmp(jsonmember_text(h->status, "fingerprint"), mine) != 0;
    if (other_values)
        finding_more(f, "it was started with other values than the profile has now");
    if (*theirs != '\0' && strcmp(theirs, endpoint) != 0)
        finding_more(f, "it is connected to %s, the profile says %s", theirs, endpoint);
    if (*key != '\0' && pin_parse(key, &pin, NULL) == 0 && !pins_contain(&h->profile->pins, &pin))
        finding_more(f, "it trusts the host key %s, which the profile has no more", key);
    if (other_version)
        finding_more(f, "it runs version %s, this is %s", version, PACKAGE_VERSION);
    free(endpoint);
    return other_values || other_version;
}

static void fix_stale(const struct doctor_host *h, struct finding *f)
{
    if (json_is_true(json_object_get(h->status, "replaceable"))) {
        finding_hint(f, "docktether up %s puts the profile's values into effect, and cuts nothing short",
                     h->name);
        finding_fix(f, NULL, "docktether up %s", h->name);
    } else {
        finding_hint(f, "it was not started by docktether up: end it and start it anew where that is done "
                        "(docktether run, a service manager)");
    }
}

static void judge_tether(struct doctor_host *h, struct finding *f)
{
    const char *state = jsonmember_text(h->status, "state"),
               *transport = jsonmember_text(h->status, "transport");
    bool stuck = strcmp(state, "waiting") == 0 || strcmp(state, "failed") == 0;
    bool stale = tell_stale(h, f);

    h->serving = strcmp(state, "serving") == 0;
    tell_last_error(h->status, f);
    if (stuck || stale)
        finding_warn(f, "%s since %s%s", state, jsonmember_text(h->status, "since"),
                     stuck   ? ", not connected"
                     : stale ? ", with older values"
                             : "");
    else
        finding_ok(f, "%s since %s%s%s", state, jsonmember_text(h->status, "since"),
                   *transport ? ", by " : "", transport);
    if (stuck) {
        finding_hint(f, "when what follows is well, docktether up %s makes it try again at once", h->name);
        finding_fix(f, NULL, "docktether up %s", h->name);
    } else if (stale) {
        fix_stale(h, f);
    }
}

void doctor_tether(struct doctor_host *h, struct finding *f)
{
    struct err e = ERR_INIT;

    h->status = tether_client_status(h->name, &e);
    if (h->status != NULL) {
        judge_tether(h, f);
    } else if (e.code == ERR_NONE) {
        finding_skip(f, "not up");
    } else {
        finding_error(f, VERDICT_WARNING, &e, NULL);
        finding_hint(f, "it runs and does not answer; docktether logs %s may say why", h->name);
        finding_fix(f, NULL, "docktether down %s && docktether up %s", h->name, h->name);
    }
}

/* ---- keys ------------------------------------------------------------------ */

static void interrupt(const struct doctor_host *h)
{
    if (h->watcher->interrupt != NULL)
        h->watcher->interrupt(h->watcher->user);
}

void doctor_agent_slow(void *host)
{
    const struct doctor_host *h = host;

    interrupt(h);
    out_note(h->name, "waiting for the SSH agent; does it want a touch or a confirmation?");
}

static int ask(void *user, const char *file, int attempt, char *buf, size_t size, struct err *e)
{
    struct doctor_host *h = user;

    interrupt(h);
    int rc = term_passphrase(NULL, file, attempt, buf, size, e);

    h->unanswered = rc == 1;
    return rc;
}

void doctor_keys(struct doctor_host *h, struct finding *f)
{
    const struct identity_helpers helpers = {
        .ask = ask, .ask_user = h, .agent_slow = doctor_agent_slow, .agent_slow_user = h
    };
    struct err e = ERR_INIT;
    struct strv lines = { 0 };

    if (h->hop && h->serving) {
        finding_skip(f, "its tether has them");
        return;
    }
    h->identities = identities_load(h->profile, &helpers, &e);
    if (h->identities == NULL) {
        finding_error(f, VERDICT_FAILED, &e, NULL);
        /* What is missing is a person, not a key. */
        if (h->unanswered && h->serving) {
            finding_error(f, VERDICT_BLOCKED, &e, NULL);
            finding_more(f, "the tether that serves has it; no login of its own can be tried here");
        }
        return;
    }
    identities_describe(h->identities, &lines);
    if (lines.count == 0)
        finding_ok(f, "those of the agent");
    else
        finding_ok(f, "%s", lines.items[0]);
    for (size_t i = 1; i < lines.count; i++)
        finding_more(f, "%s", lines.items[i]);
    strv_clear(&lines);
}

/* ---- agent ----------------------------------------------------------------- */

static void agent_unreached(const struct doctor_host *h, const struct err *e, struct finding *f)
{
    struct strv none = { 0 };
    struct identities_need need = { 0 };

    if (h->identities != NULL)
        need = identities_need(h->identities, &none, NULL);
    finding_error(f, need.own > 0 || h->identities == NULL ? VERDICT_WARNING : VERDICT_FAILED, e, NULL);
}

/* Where the key of a public key or certificate is looked for, as a word of a shell. */
static char *private_half(const char *file)
{
    static const char *const suffixes[] = { "-cert.pub", ".pub" };
    size_t len = strlen(file);

    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        size_t tail = strlen(suffixes[i]);
        if (len > tail && strcmp(file + len - tail, suffixes[i]) == 0) {
            len -= tail;
            break;
        }
    }
    char *path = mem_printf("%.*s", (int)len, file), *word = quote_path(path);
    free(path);
    return word;
}

static void judge_agent(const struct doctor_host *h, const char *path, const struct strv *keys,
                        struct finding *f)
{
    struct identities_need need = { 0 };
    char *missing = NULL, *shown = path_display(path);

    if (h->identities != NULL)
        need = identities_need(h->identities, keys, &missing);
    if (missing != NULL && need.own == 0 && need.absent == need.agents && !need.any)
        finding_fail(f, ERR_AUTH, "the agent at %s has not got %s", shown, missing);
    else if (missing != NULL)
        finding_warn(f, "the agent at %s has not got %s", shown, missing);
    else if (need.any && keys->count >= KEYS_USUAL)
        finding_warn(f, "%zu keys at %s, all of which are offered: servers mostly end a login after %d",
                     keys->count, shown, KEYS_USUAL);
    else
        finding_ok(f, "%zu key%s at %s", keys->count, keys->count == 1 ? "" : "s", shown);
    if (missing != NULL) {
        char *word = private_half(need.file);
        finding_hint(f,
                     "ssh-add -l shows what it holds; a token's key is added by ssh-add -K, or -s PROVIDER");
        finding_fix(f, NULL, "ssh-add %s", word);
        free(word);
    } else if (f->verdict == VERDICT_WARNING) {
        finding_hint(f, "name the one that is meant, as its public half");
        finding_fix(f, NULL, "docktether update %s --identity ~/.ssh/id_ed25519.pub", h->name);
    }
    free(shown);
    free(missing);
}

void doctor_agent(struct doctor_host *h, struct finding *f)
{
    struct err e = ERR_INIT;
    struct strv keys = { 0 };
    char *path = NULL;

    if (h->hop && h->serving) {
        finding_skip(f, "its tether is logged in");
    } else if (identities_find_agent(h->profile, &path, &e) != 0) {
        finding_error(f, VERDICT_FAILED, &e, NULL);
    } else if (path == NULL) {
        finding_skip(f, "%s",
                     strcmp(h->profile->agent, PROFILE_AGENT_NO) == 0 ? "the profile says agent = no"
                                                                      : "SSH_AUTH_SOCK is not set");
    } else {
        const struct agent_call call = { .path = path,
                                         .wait = { .deadline = deadline_in(h->profile->connect_timeout_ms),
                                                   .cancel_fd = -1 },
                                         .slow = doctor_agent_slow,
                                         .user = h };
        if (agent_list(&call, &keys, &e) != 0)
            agent_unreached(h, &e, f);
        else
            judge_agent(h, path, &keys, f);
    }
    strv_clear(&keys);
    free(path);
}

void doctor_local_clear(struct doctor_host *h)
{
    identities_free(h->identities);
    json_decref(h->status);
}
