/* doctor: checks every layer between this machine and a remote Docker Engine, one after the
 * other, each by itself.
 *
 * A table of layers drives it (doctor.c). Each layer is checked for each host of the
 * chain, the first to be dialled first. Nothing is changed, nothing is trusted, and a
 * running tether is only asked. Every check has a deadline. */
#ifndef DOCKTETHER_DOCTOR_DOCTOR_H
#define DOCKTETHER_DOCTOR_DOCTOR_H

#include "doctor/finding.h"
#include "store/profile.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum doctor_layer {
    LAYER_PROFILE,
    LAYER_DIRECTORIES,
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

/* One host of the chain, with the findings about it. */
struct doctor_host {
    const char *name;
    const struct doctor_watcher *watcher;
    struct doctor_host *before; /* its hop; NULL: it is dialled from here */
    bool hop;                   /* only a hop to the next one */
    struct profile *profile;    /* NULL when it cannot be loaded */
    struct finding findings[DOCTOR_LAYERS];

    /* doctor-local.c */
    json_t *status; /* the tether's; NULL: down, or silent */
    bool serving;
    struct identities *identities;
    bool unanswered; /* a passphrase was needed and not given */

    /* doctor-connect.c */
    struct connect *connect;
    struct err key_error; /* of the key exchange, about the host's key */
    bool password;        /* the server takes passwords besides keys */
    bool let_in;          /* it asks for no login */
    bool accepted;        /* it took a key, whether or not that was enough */
    struct session *session;
    struct tunnel_thread *tunnel; /* from `before` to here */

    struct doctor_remote *remote; /* doctor-remote.c */
};

/* One check: fills the finding, whose verdict is VERDICT_NONE before. */
typedef void (*doctor_check)(struct doctor_host *h, struct finding *f);

/* ---- the checks ---------------------------------------------------------------- */

/* doctor-local.c */
void doctor_profile(struct doctor_host *h, struct finding *f);
void doctor_tether(struct doctor_host *h, struct finding *f);
void doctor_local_clear(struct doctor_host *h);

/* doctor-directories.c */
void doctor_directories(struct doctor_host *h, struct finding *f);

/* doctor-keys.c */
void doctor_keys(struct doctor_host *h, struct finding *f);
void doctor_agent(struct doctor_host *h, struct finding *f);
void doctor_agent_slow(void *host); /* an agent_slow_fn */

/* doctor-connect.c */
void doctor_name(struct doctor_host *h, struct finding *f);
void doctor_tcp(struct doctor_host *h, struct finding *f);
void doctor_banner(struct doctor_host *h, struct finding *f);
void doctor_algorithms(struct doctor_host *h, struct finding *f);
void doctor_host_key(struct doctor_host *h, struct finding *f);
char *doctor_login_word(const struct profile *p); /* "user@host" for a shell, allocated */
void doctor_connect_clear(struct doctor_host *h);

/* doctor-login.c */
void doctor_methods(struct doctor_host *h, struct finding *f);
void doctor_login(struct doctor_host *h, struct finding *f);

/* doctor-remote.c */
void doctor_remote_clear(struct doctor_host *h);

/* doctor-socket.c */
void doctor_socket(struct doctor_host *h, struct finding *f);
void doctor_permission(struct doctor_host *h, struct finding *f);

/* doctor-transport.c */
void doctor_forwarding(struct doctor_host *h, struct finding *f);
void doctor_command(struct doctor_host *h, struct finding *f);

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
    struct doctor_host *hosts; /* the hops in their order, then the host that was asked for */
    size_t count;
};

/* Called during the run; each may be NULL. */
struct doctor_watcher {
    void (*host)(void *user, const struct doctor_host *h); /* its layers follow */
    void (*begin)(void *user, const char *layer);
    void (*end)(void *user, const char *layer, const struct finding *f);
    void (*interrupt)(void *user); /* another part of the program will write to the terminal */
    void *user;
};

void doctor_run(struct doctor *d, const char *name, const struct doctor_watcher *w);
void doctor_clear(struct doctor *d);

/* The name of a layer. */
const char *doctor_layer_name(enum doctor_layer layer);

/* The first finding with that verdict, in the order of the checks, and its host and layer;
 * NULL when there is none. */
const struct finding *doctor_first(const struct doctor *d, enum verdict verdict,
                                   const struct doctor_host **host, enum doctor_layer *layer);

#endif
