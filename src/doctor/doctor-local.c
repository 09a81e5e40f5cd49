/* The profile and its tether. */
#include "base/jsonmember.h"
#include "doctor/doctor.h"

#include "base/digest.h"
#include "base/path.h"
#include "control/tether-client.h"
#include "ssh/identity.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* The values that it was started with, beside those of the profile. */
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
        finding_more(f, "it was started with values that differ from the profile's");
    if (*theirs != '\0' && strcmp(theirs, endpoint) != 0)
        finding_more(f, "it is connected to %s, the profile says %s", theirs, endpoint);
    if (*key != '\0' && pin_parse(key, &pin, NULL) == 0 && !pins_contain(&h->profile->pins, &pin))
        finding_more(f, "it trusts the host key %s, which the profile no longer has", key);
    if (other_version)
        finding_more(f, "it runs version %s, this is %s", version, PACKAGE_VERSION);
    free(endpoint);
    return other_values || other_version;
}

static void fix_stale(const struct doctor_host *h, struct finding *f)
{
    if (json_is_true(json_object_get(h->status, "replaceable"))) {
        finding_hint(f, "docktether up %s applies the profile's values; open connections continue", h->name);
        finding_fix(f, NULL, "docktether up %s", h->name);
    } else {
        finding_hint(f, "docktether up did not start it: restart it where it was started (docktether run, a "
                        "service manager)");
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
        finding_hint(f, "once the checks below pass, retry with docktether up %s", h->name);
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
        finding_hint(f, "it does not answer; docktether logs %s may say why", h->name);
        finding_fix(f, NULL, "docktether down %s && docktether up %s", h->name, h->name);
    }
}

void doctor_local_clear(struct doctor_host *h)
{
    identities_free(h->identities);
    json_decref(h->status);
}
