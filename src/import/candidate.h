/* candidate: a host found in the user's configuration, before it becomes a proposal. */
#ifndef DOCKTETHER_IMPORT_CANDIDATE_H
#define DOCKTETHER_IMPORT_CANDIDATE_H

#include "import/ssh-config.h"
#include "store/profile.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CANDIDATE_NONE SIZE_MAX

struct candidate {
    struct profile *profile; /* its name is the one in the source */
    char *name;              /* the name of the proposal; NULL at first */
    char *from;              /* the source, for people */
    struct strv notes;       /* what the profile cannot hold as it is */
    char *problem;           /* why it cannot become a profile, or NULL */
    size_t via;              /* index of its hop in the same list, or CANDIDATE_NONE */
    bool is_context;         /* a Docker context leads there */
    bool is_hop;             /* others go via it */
    bool is_nameless;        /* only a ProxyJump mentions it */
};

void candidate_clear(struct candidate *at);

/* The first problem stays. */
void candidate_problem(struct candidate *at, const char *why);

/* Sets a value of the profile; a value that is refused is a problem. NULL: left as it is. */
void candidate_set(struct candidate *at, const char *section, const char *key, const char *value);

/* Takes over host, port, user, keys and agent, and the pins from the known_hosts files. */
void candidate_fill(struct candidate *at, const struct ssh_config *c);

/* The same host, port, user, hop, keys and problem, and the same remote socket unless
 * one is only a hop. */
bool candidate_same(const struct candidate *a, const struct candidate *b);

/* The name nearest to `given` that Docker accepts too. Allocated. */
char *candidate_name(const char *given);

#endif
