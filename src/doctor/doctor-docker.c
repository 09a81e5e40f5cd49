/* Docker's own files and variables on this side. */
#include "doctor/doctor.h"

#include "base/quote.h"
#include "docker/config.h"
#include "docker/context-lint.h"
#include "docker/context.h"
#include "docker/environment.h"
#include "store/runtime.h"
#include "ui/shell-lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the profile's context ------------------------------------------------------- */

static void judge_ours(const struct doctor_host *h, struct finding *f)
{
    char *url = runtime_url(h->name, NULL), *theirs = context_url(h->name);

    if (url != NULL && theirs != NULL && strcmp(url, theirs) == 0) {
        finding_ok(f, "\"%s\" leads to %s", h->name, url);
    } else {
        finding_warn(f, "\"%s\" leads to %s, but the tether's socket is %s", h->name,
                     theirs != NULL ? theirs : "nowhere", url != NULL ? url : "nowhere");
        finding_hint(f, "was it created with another XDG_RUNTIME_DIR?");
        finding_fix(f, NULL, "docktether update %s --set context=yes", h->name);
    }
    free(theirs);
    free(url);
}

void doctor_context(struct doctor_host *h, struct finding *f)
{
    struct err e = ERR_INIT;

    if (!profile_has_context(h->profile)) {
        finding_skip(f, "the profile says context = no");
        return;
    }
    switch (context_owner(h->name, &e)) {
    case CONTEXT_OURS:
        judge_ours(h, f);
        break;
    case CONTEXT_ABSENT:
        finding_warn(f, "Docker has no context \"%s\"", h->name);
        finding_hint(f, "writing the profile creates it again");
        finding_fix(f, NULL, "docktether update %s --set context=yes", h->name);
        break;
    case CONTEXT_FOREIGN:
        finding_error(f, VERDICT_FAILED, &e, NULL);
        finding_hint(f, "or leave the profile without a context: --set context=no");
        finding_fix(f, NULL, "docker context rm %s && docktether update %s --set context=yes", h->name,
                    h->name);
        break;
    case CONTEXT_UNREADABLE:
        finding_error(f, VERDICT_FAILED, &e, NULL);
        break;
    }
}

/* ---- all contexts ---------------------------------------------------------------- */

void doctor_contexts(struct doctor_host *h, struct finding *f)
{
    const struct context_lint_fault *worst = NULL;
    struct context_lint s;
    struct err e = ERR_INIT;

    (void)h;
    if (context_lint(&s, &e) != 0)
        finding_error(f, VERDICT_FAILED, &e, NULL);
    for (size_t i = 0; i < s.count; i++)
        if (worst == NULL || (s.faults[i].breaks && !worst->breaks))
            worst = &s.faults[i];
    if (worst != NULL && worst->breaks) {
        finding_fail(f, ERR_FAILED, "%s breaks `docker context ls`: %s", worst->path, worst->why);
        finding_hint(f, "correct the file, or move it away: only that context is lost then");
        char *aside = context_aside(worst->path);
        finding_fix(f, NULL, "%s", aside);
        free(aside);
    } else if (worst != NULL) {
        finding_warn(f, "%s: %s", worst->path, worst->why);
    } else if (f->verdict == VERDICT_NONE) {
        finding_ok(f, "%zu, and Docker can read all of them", s.contexts);
    }
    for (size_t i = 0; i < s.count; i++)
        if (&s.faults[i] != worst)
            finding_more(f, "%s: %s", s.faults[i].path, s.faults[i].why);
    context_lint_clear(&s);
}

/* ---- the variables of this shell ----------------------------------------------------- */

/* The first of the variables that would make Docker's programs speak TLS to a
 * socket of ours; NULL when none is set. */
static const char *tls_variable(void)
{
    const char *const *names = environment_cleared();

    for (size_t i = 0; names[i] != NULL; i++) {
        const char *value = getenv(names[i]);
        if (strcmp(names[i], "DOCKER_CONTEXT") != 0 && value != NULL && *value != '\0')
            return names[i];
    }
    return NULL;
}

static void warn_variable(struct finding *f, const char *variable, const char *hint)
{
    char *unset = shell_lines_unset(shell_lines_detect(), variable);

    finding_hint(f, "%s", hint);
    finding_fix(f, NULL, "%s", unset);
    free(unset);
}

static void judge_source(const struct doctor_host *h, enum config_source source, const char *value,
                         struct finding *f)
{
    char *url = runtime_url(h->name, NULL);
    bool ours = source == CONFIG_SOURCE_HOST_ENV ? url != NULL && strcmp(value, url) == 0
                                                 : strcmp(value, h->name) == 0;
    const char *tls = tls_variable();

    if (source == CONFIG_SOURCE_HOST_ENV && !ours) {
        finding_warn(f, "DOCKER_HOST=%s takes precedence over the current context in this shell", value);
        warn_variable(f, "DOCKER_HOST", "docker --context and docktether exec are not affected");
    } else if (source == CONFIG_SOURCE_CONTEXT_ENV && !ours) {
        finding_warn(f, "DOCKER_CONTEXT=%s takes precedence over the current context in this shell", value);
        warn_variable(f, "DOCKER_CONTEXT", "docker --context and docktether exec are not affected");
    } else if (tls != NULL) {
        finding_warn(f, "%s is set: Docker's programs may speak TLS to a socket that knows none", tls);
        warn_variable(f, tls, "docktether exec and docktether env remove it");
    } else if (ours) {
        finding_ok(f, "Docker's programs use this profile here (%s)",
                   source == CONFIG_SOURCE_HOST_ENV      ? "DOCKER_HOST"
                   : source == CONFIG_SOURCE_CONTEXT_ENV ? "DOCKER_CONTEXT"
                                                         : "the current context");
    } else {
        finding_ok(f, "no variable overrides the context; it is \"%s\"", value);
    }
    free(url);
}

void doctor_environment(struct doctor_host *h, struct finding *f)
{
    enum config_source source;
    struct err e = ERR_INIT;
    char *value = NULL;

    if (config_effective(&source, &value, &e) == 0)
        judge_source(h, source, value, f);
    else /* Docker warns of it and continues as if the file did not exist */
        finding_error(f, VERDICT_WARNING, &e, NULL);
    free(value);
}

/* ---- proxies -------------------------------------------------------------------------- */

/* "ssh://user@prod:22/x" and "tcp://prod:2375" are of host prod. */
static bool is_of_host(const char *url, const char *host)
{
    const char *p = strstr(url, "://");
    size_t len = strlen(host);

    if (p == NULL)
        return false;
    p += 3;
    size_t authority = strcspn(p, "/");
    const char *at = memchr(p, '@', authority);
    if (at != NULL)
        p = at + 1;
    if (*p == '[')
        p++;
    return strncmp(p, host, len) == 0 && strchr(":/]", p[len]) != NULL;
}

/* A name in a URL may be ssh's, which is mostly the profile's as well. */
static const char *former(const struct strv *hosts, const struct doctor_host *h)
{
    for (size_t i = 0; i < hosts->count; i++)
        if (is_of_host(hosts->items[i], h->profile->host) || is_of_host(hosts->items[i], h->name))
            return hosts->items[i];
    return NULL;
}

/* A string of jq's language; NULL when it is not UTF-8. */
static char *jq_string(const char *s)
{
    json_t *string = json_string(s);
    char *text = json_dumps(string, JSON_ENCODE_ANY);

    json_decref(string);
    return text;
}

/* The file may hold logins of registries: no copy of it comes to be, it keeps its
 * mode, and it stays as it is when jq cannot do it. */
static void fix_proxies(struct finding *f, const char *path, const char *old, const char *new)
{
    char *from = jq_string(old), *to = jq_string(new);

    finding_hint(
        f,
        "Docker keys proxies by the address of the Engine: copy the entry to this profile's, with jq or by hand");
    if (from != NULL && to != NULL) {
        char *filter = mem_printf(".proxies[%s] = .proxies[%s]", to, from);
        char *file = quote_sh(path), *program = quote_sh(filter);
        finding_fix(f, NULL, "(f=%s; new=$(jq --tab %s \"$f\") && printf '%%s\\n' \"$new\" >\"$f\")", file,
                    program);
        free(program);
        free(file);
        free(filter);
    }
    free(to);
    free(from);
}

void doctor_proxies(struct doctor_host *h, struct finding *f)
{
    struct strv hosts = { 0 };
    struct err e = ERR_INIT;
    char *url = runtime_url(h->name, &e), *path = NULL;

    if (url == NULL || config_proxies(&hosts, &path, &e) != 0) {
        finding_error(f, VERDICT_WARNING, &e, NULL);
    } else if (hosts.count == 0) {
        finding_skip(f, "config.json has none");
    } else if (strv_contains(&hosts, url)) {
        finding_ok(f, "config.json has them for this profile's socket");
    } else if (former(&hosts, h) != NULL) {
        finding_warn(f, "config.json has proxies for %s, which are not used with %s", former(&hosts, h), url);
        fix_proxies(f, path, former(&hosts, h), url);
    } else if (strv_contains(&hosts, "default")) {
        finding_ok(f, "those of \"default\" are used");
    } else {
        finding_skip(f, "config.json has them only for other hosts");
    }
    strv_clear(&hosts);
    free(path);
    free(url);
}
