/* profile: one remote Docker host, in memory. Its keys, their defaults and
 * their syntax are in option.h. */
#ifndef DOCKTETHER_STORE_PROFILE_H
#define DOCKTETHER_STORE_PROFILE_H

#include "base/err.h"
#include "base/mem.h"
#include "store/pin.h"

#include <stdbool.h>
#include <stdint.h>

enum connect_on { CONNECT_START, CONNECT_DEMAND };

enum transport { TRANSPORT_AUTO, TRANSPORT_STREAMLOCAL, TRANSPORT_DIAL_STDIO };

/* Where the user's name is from. Only one that was given is always written, so that
 * docktether.ini and another login do not change it later. */
enum user_source {
    USER_UNSAID, /* unset, or from docktether.ini */
    USER_GIVEN,  /* in the profile or on the command line */
    USER_FILLED, /* the current user's, by profile_finish() */
};

#define PROFILE_DEFAULT_SOCKET "/var/run/docker.sock"
#define PROFILE_AGENT_YES "yes" /* the agent at SSH_AUTH_SOCK */
#define PROFILE_AGENT_NO "no"
#define PROFILE_NO_SOCKET "none"   /* as docker.socket: a jump host only */
#define PROFILE_AUTO_SOCKET "auto" /* as docker.socket: the first socket that is found */

struct profile {
    char *name;
    char *change; /* for hints: the command before an option that changes it; never NULL */

    char *description; /* never NULL */
    bool protect;      /* "protected" */

    char *host; /* NULL only while the profile is being put together */
    int64_t port;
    char *user; /* never NULL after profile_finish() */
    enum user_source user_source;
    char *via;              /* NULL: reached directly */
    struct strv identities; /* as written: absolute or ~/ */
    struct strv certificates;
    bool identities_only; /* false: every key of the agent is offered after those */
    char *agent;          /* PROFILE_AGENT_*, or the path of its socket, absolute or ~/; never NULL */
    struct pins pins;
    int64_t connect_timeout_ms;
    int64_t keepalive_interval_ms; /* 0: none */
    int64_t keepalive_count;

    char *socket;       /* remote path, "none" or "auto" */
    int64_t transport;  /* enum transport */
    char *dial_command; /* NULL: our own */
    bool context;

    int64_t connect_on;      /* enum connect_on */
    int64_t idle_timeout_ms; /* 0: never */
    int64_t hold_ms;
    int64_t max_connections;
    int64_t max_held;
    int64_t spare_channels;
    int64_t hop_linger_ms;
};

/* A profile with the built-in defaults. */
struct profile *profile_new(const char *name);

/* A profile of one command line, which no other command can name: hints show the option
 * alone, and docktether.ini does not apply. */
struct profile *profile_new_ephemeral(const char *name);
bool profile_is_ephemeral(const struct profile *p);

struct profile *profile_copy(const struct profile *p);

/* Gives p the values of the other one. */
void profile_assign(struct profile *p, const struct profile *from);
void profile_free(struct profile *p);

/* Fills user with the current user's name where it is missing, and checks
 * rules about the whole profile (it has a host). ERR_PROFILE otherwise. */
int profile_finish(struct profile *p, struct err *e);

/* False for a profile that is a jump host only. */
bool profile_has_docker(const struct profile *p);

/* True when the remote socket is to be looked for. */
bool profile_seeks_socket(const struct profile *p);

/* Whether a Docker context is kept for it. */
bool profile_has_context(const struct profile *p);

/* "ssh://user@host:port", allocated. */
char *profile_endpoint(const struct profile *p);

#endif
