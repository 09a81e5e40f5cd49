#include "doctor/doctor.h"

#include "base/time.h"
#include "store/store.h"
#include "store/via-chain.h"

#include <stdlib.h>
#include <string.h>

#define NO_LAYER DOCTOR_LAYERS
#define NEEDS_MAX 3

/* The layers in the order of the checks. A layer whose needs are not met is not checked. */
static const struct layer {
    const char *name;
    doctor_check check;
    bool docker; /* of a profile with a Docker, and not of a hop */
    enum doctor_layer needs[NEEDS_MAX];
} layers[DOCTOR_LAYERS] = {
#define NEEDS(a, b, c) .needs = { a, b, c }
#define NONE NEEDS(NO_LAYER, NO_LAYER, NO_LAYER)
#define ONE(a) NEEDS(a, NO_LAYER, NO_LAYER)
    [LAYER_PROFILE] = { "profile", doctor_profile, false, NONE },
    [LAYER_DIRECTORIES] = { "directories", doctor_directories, false, ONE(LAYER_PROFILE) },
    [LAYER_TETHER] = { "tether", doctor_tether, false, ONE(LAYER_PROFILE) },
    [LAYER_KEYS] = { "keys", doctor_keys, false, ONE(LAYER_PROFILE) },
    [LAYER_AGENT] = { "agent", doctor_agent, false, ONE(LAYER_PROFILE) },
    [LAYER_NAME] = { "name", doctor_name, false, ONE(LAYER_PROFILE) },
    [LAYER_TCP] = { "TCP", doctor_tcp, false, ONE(LAYER_NAME) },
    [LAYER_BANNER] = { "banner", doctor_banner, false, ONE(LAYER_TCP) },
    [LAYER_ALGORITHMS] = { "algorithms", doctor_algorithms, false, ONE(LAYER_BANNER) },
    [LAYER_HOST_KEY] = { "host key", doctor_host_key, false, ONE(LAYER_ALGORITHMS) },
    [LAYER_METHODS] = { "methods", doctor_methods, false, ONE(LAYER_HOST_KEY) },
    [LAYER_LOGIN] = { "login", doctor_login, false, NEEDS(LAYER_KEYS, LAYER_AGENT, LAYER_METHODS) },
    [LAYER_SOCKET] = { "socket", doctor_socket, true, ONE(LAYER_LOGIN) },
    [LAYER_PERMISSION] = { "permission", doctor_permission, true, ONE(LAYER_SOCKET) },
    [LAYER_FORWARDING] = { "forwarding", doctor_forwarding, true, ONE(LAYER_PERMISSION) },
    [LAYER_COMMAND] = { "dial-stdio", doctor_command, true, ONE(LAYER_FORWARDING) },
    [LAYER_PING] = { "/_ping", doctor_ping, true, ONE(LAYER_COMMAND) },
    [LAYER_VERSION] = { "/version", doctor_version, true, ONE(LAYER_PING) },
    [LAYER_LOCAL] = { "local socket", doctor_local_socket, true, ONE(LAYER_PROFILE) },
    [LAYER_CONTEXT] = { "context", doctor_context, true, ONE(LAYER_PROFILE) },
    [LAYER_CONTEXTS] = { "contexts", doctor_contexts, true, NONE },
    [LAYER_ENVIRONMENT] = { "environment", doctor_environment, true, NONE },
    [LAYER_PROXIES] = { "proxies", doctor_proxies, true, ONE(LAYER_PROFILE) },
#undef NEEDS
#undef NONE
#undef ONE
};

const char *doctor_layer_name(enum doctor_layer layer)
{
    return layers[layer].name;
}

/* ---- going through the table ----------------------------------------------- */

/* The first need that is not met; NO_LAYER when all are. */
static enum doctor_layer unmet(const struct doctor_host *h, const struct layer *l)
{
    for (size_t i = 0; i < NEEDS_MAX; i++)
        if (l->needs[i] != NO_LAYER && !finding_well(&h->findings[l->needs[i]]))
            return l->needs[i];
    return NO_LAYER;
}

/* The first cause, so that no reader has to follow a chain. */
static enum doctor_layer cause(const struct doctor_host *h, enum doctor_layer layer)
{
    while (layer != NO_LAYER && h->findings[layer].verdict == VERDICT_BLOCKED) {
        enum doctor_layer next = unmet(h, &layers[layer]);
        if (next == NO_LAYER)
            break;
        layer = next;
    }
    return layer;
}

static void look(struct doctor_host *h, enum doctor_layer id, const struct doctor_watcher *w)
{
    const struct layer *l = &layers[id];
    struct finding *f = &h->findings[id];
    enum doctor_layer missing = unmet(h, l);

    if (w->begin != NULL)
        w->begin(w->user, l->name);
    if (missing != NO_LAYER && f->verdict == VERDICT_NONE) {
        finding_block(f, "needs: %s", layers[cause(h, missing)].name);
    } else if (l->docker && h->profile != NULL && !profile_has_docker(h->profile)) {
        finding_skip(f, "socket = none: only a jump host");
    } else if (f->verdict == VERDICT_NONE) {
        int64_t begun = time_mono_us();
        l->check(h, f);
        f->us += time_mono_us() - begun;
        finding_drop_prefix(f, l->name);
    }
    if (w->end != NULL)
        w->end(w->user, l->name, f);
}

static void look_at_host(struct doctor_host *h, const struct doctor_watcher *w)
{
    h->watcher = w;
    if (w->host != NULL)
        w->host(w->user, h);
    for (int id = 0; id < DOCTOR_LAYERS; id++)
        if (!h->hop || !layers[id].docker)
            look(h, (enum doctor_layer)id, w);
}

/* ---- the hosts --------------------------------------------------------------- */

static struct doctor_host *add_host(struct doctor *d, const char *name, struct profile *p)
{
    struct doctor_host *h = &d->hosts[d->count++];

    h->name = name;
    h->profile = p;
    h->before = d->count > 1 ? h - 1 : NULL;
    return h;
}

/* Hops first. A profile, or a chain, that cannot be loaded is its first finding. */
static void find_hosts(struct doctor *d, const char *name)
{
    struct err e = ERR_INIT;
    struct via_chain chain = { 0 };
    const int64_t begun = time_mono_us();
    struct profile *p = store_load(name, &e);

    if (p != NULL)
        (void)via_chain_load(p, &chain, &e);
    d->hosts = mem_alloc((chain.count + 1) * sizeof *d->hosts);
    for (size_t i = chain.count; i > 0; i--) {
        struct profile *hop = profile_copy(chain.hops[i - 1]);
        add_host(d, hop->name, hop)->hop = true;
    }
    struct doctor_host *target = add_host(d, name, p);
    if (e.code != ERR_NONE) {
        struct finding *f = &target->findings[LAYER_PROFILE];
        finding_error(f, VERDICT_FAILED, &e, NULL);
        f->us = time_mono_us() - begun;
    }
    via_chain_clear(&chain);
}

void doctor_run(struct doctor *d, const char *name, const struct doctor_watcher *w)
{
    *d = (struct doctor){ 0 };
    find_hosts(d, name);
    for (size_t i = 0; i < d->count; i++)
        look_at_host(&d->hosts[i], w);
}

void doctor_clear(struct doctor *d)
{
    /* A session is carried by the one before it. */
    for (size_t i = d->count; i > 0; i--) {
        struct doctor_host *h = &d->hosts[i - 1];
        doctor_remote_clear(h);
        doctor_connect_clear(h);
        doctor_local_clear(h);
        for (size_t k = 0; k < DOCTOR_LAYERS; k++)
            finding_clear(&h->findings[k]);
    }
    for (size_t i = 0; i < d->count; i++)
        profile_free(d->hosts[i].profile);
    free(d->hosts);
    *d = (struct doctor){ 0 };
}

const struct finding *doctor_first(const struct doctor *d, enum verdict verdict,
                                   const struct doctor_host **host, enum doctor_layer *layer)
{
    for (size_t i = 0; i < d->count; i++) {
        for (int k = 0; k < DOCTOR_LAYERS; k++) {
            if (d->hosts[i].findings[k].verdict != verdict)
                continue;
            *host = &d->hosts[i];
            *layer = (enum doctor_layer)k;
            return &d->hosts[i].findings[k];
        }
    }
    return NULL;
}
