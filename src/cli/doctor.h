/* doctor: every layer between here and a remote Docker, looked at one after the
 * other, each by itself.
 *
 * A table of layers drives it (doctor.c). A layer is looked at for each host on
 * the way, the first to be dialled first. Nothing is changed, nothing is
 * trusted, a running tether is only asked. Every look has a deadline. */
#ifndef DOCKTETHER_CLI_DOCTOR_H
#define DOCKTETHER_CLI_DOCTOR_H

#include "base/err.h"
#include "base/mem.h"
#include "store/profile.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum doctor_layer {
    LAYER_PROFILE,
    LAYER_TETHER,
    LAYER_KEYS,
    LAYER_AGENT,
    LAYER_NAME,
    LAYER_TCP,
    LAYER_BANNER,
    LAYER_ALGORITHMS,
    LAYER_HOST_KEY,
    LAYER_METHODS,
    LAYER_LOGIN,
    LAYER_SOCKET,
    LAYER_PERMISSION,
    LAYER_FORWARDING,
    LAYER_COMMAND,
    LAYER_PING,
    LAYER_VERSION,
    LAYER_LOCAL,
    LAYER_CONTEXT,
    LAYER_CONTEXTS,
    LAYER_ENVIRONMENT,
    LAYER_PROXIES,
    DOCTOR_LAYERS
};

enum verdict {
    VERDICT_NONE, /* not looked at yet */
    VERDICT_OK,
    VERDICT_WARNING, /* it works, and should not stay so */
    VERDICT_FAILED,
    VERDICT_SKIPPED, /* there is nothing to look at: as good as well */
    VERDICT_BLOCKED, /* cannot be looked at, because of a layer before it */
};

struct finding {
    enum verdict verdict;
    int64_t us;       /* how long the look took; 0: nothing was done. A check adds what an earlier
                         one has done for it, and the other way round */
    char *text;       /* what was found, or why not; one line, escaped */
    struct strv more; /* further lines, escaped */
    struct err err;   /* of a failure or a warning: code, hint and fix */
    char *where;      /* the host that the fix is for; NULL: this one */
};

/* One host on the way, and all that was found out about it. */
struct doctor_host {
    const char *name;
    const struct doctor_watcher *watcher;
    struct doctor_host *before; /* what it is reached by; NULL: from here */
    bool hop;                   /* only a way to the next one */
    struct profile *profile;    /* NULL when it cannot be loaded */
    struct finding findings[DOCTOR_LAYERS];

    /* doctor-local.c */
    json_t *status; /* the tether's; NULL: down, or silent */
    bool serving;
    struct identities *identities;
    bool unanswered; /* a passphrase was wanted and nobody gave it */

    /* doctor-connect.c */
    struct connect *connect;
    struct err key_error; /* what the key exchange says about the host's key */
    bool password;        /* the server takes passwords, too */
    bool let_in;          /* it wants no login at all */
    struct session *session;
    struct bridge *bridge; /* from `before` to here */

    struct doctor_remote *remote; /* doctor-remote.c */
};

/* One look: fills the finding, whose verdict is VERDICT_NONE before. */
typedef void (*doctor_check)(struct doctor_host *h, struct finding *f);

/* ---- filling a finding ------------------------------------------------------- */

void finding_ok(struct finding *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void finding_skip(struct finding *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void finding_block(struct finding *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void finding_warn(struct finding *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void finding_fail(struct finding *f, enum err_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* A failure, or a warning, as the error says it; `there` is the host of fixes
 * that are for the other side. */
void finding_error(struct finding *f, enum verdict verdict, const struct err *e, const char *there);

/* After one of the two above: what to do, and the command that does it (where:
 * the host it is for, NULL for this one). */
void finding_hint(struct finding *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void finding_fix(struct finding *f, const char *where, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* A further line. */
void finding_more(struct finding *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* True when a layer that needs it may be looked at. */
bool finding_well(const struct finding *f);

/* ---- the looks ----------------------------------------------------------------- */

/* doctor-local.c */
void doctor_profile(struct doctor_host *h, struct finding *f);
void doctor_tether(struct doctor_host *h, struct finding *f);
void doctor_keys(struct doctor_host *h, struct finding *f);
void doctor_agent(struct doctor_host *h, struct finding *f);
void doctor_agent_slow(void *host); /* an agent_slow_fn */
void doctor_local_clear(struct doctor_host *h);

/* doctor-connect.c */
void doctor_name(struct doctor_host *h, struct finding *f);
void doctor_tcp(struct doctor_host *h, struct finding *f);
void doctor_banner(struct doctor_host *h, struct finding *f);
void doctor_algorithms(struct doctor_host *h, struct finding *f);
void doctor_host_key(struct doctor_host *h, struct finding *f);
void doctor_methods(struct doctor_host *h, struct finding *f);
void doctor_login(struct doctor_host *h, struct finding *f);
void doctor_connect_clear(struct doctor_host *h);

/* doctor-remote.c */
void doctor_socket(struct doctor_host *h, struct finding *f);
void doctor_permission(struct doctor_host *h, struct finding *f);
void doctor_forwarding(struct doctor_host *h, struct finding *f);
void doctor_command(struct doctor_host *h, struct finding *f);
void doctor_remote_clear(struct doctor_host *h);

/* doctor-engine.c */
void doctor_ping(struct doctor_host *h, struct finding *f);
void doctor_version(struct doctor_host *h, struct finding *f);
void doctor_local_socket(struct doctor_host *h, struct finding *f);

/* doctor-docker.c */
void doctor_context(struct doctor_host *h, struct finding *f);
void doctor_contexts(struct doctor_host *h, struct finding *f);
void doctor_environment(struct doctor_host *h, struct finding *f);
void doctor_proxies(struct doctor_host *h, struct finding *f);

/* ---- all of it ----------------------------------------------------------------- */

struct doctor {
    struct doctor_host *hosts; /* in the order of the way; the last one was asked for */
    size_t count;
};

/* What is told while it goes on; each may be NULL. */
struct doctor_watcher {
    void (*host)(void *user, const struct doctor_host *h); /* its layers follow */
    void (*begin)(void *user, const char *layer);
    void (*end)(void *user, const char *layer, const struct finding *f);
    void (*interrupt)(void *user); /* somebody else is about to write to the terminal */
    void *user;
};

void doctor_run(struct doctor *d, const char *name, const struct doctor_watcher *w);
void doctor_clear(struct doctor *d);

/* What a layer is called. */
const char *doctor_layer_name(enum doctor_layer layer);

/* The first finding of a verdict, in the order of the looks; NULL when there is
 * none. *host and *layer say whose. */
const struct finding *doctor_first(const struct doctor *d, enum verdict verdict,
                                   const struct doctor_host **host, enum doctor_layer *layer);

#endif
