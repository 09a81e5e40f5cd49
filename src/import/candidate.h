/* candidate: a host that was found in what people have, on its way to being a
 * proposal. */
#ifndef DOCKTETHER_IMPORT_CANDIDATE_H
#define DOCKTETHER_IMPORT_CANDIDATE_H

#include "import/ssh-config.h"
#include "store/profile.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CANDIDATE_NONE SIZE_MAX

struct candidate {
    struct profile *profile; /* named as it was called where it was found */
    char *name;              /* what it will be called; NULL at first */
    char *from;              /* where that was, for people */
    struct strv notes;       /* what the profile cannot hold as it is */
    char *problem;           /* why it can be no profile, or NULL */
    size_t via;              /* of the list it stands in, or CANDIDATE_NONE */
    bool is_context;         /* a Docker context leads there */
    bool is_hop;             /* others go via it */
    bool is_nameless;        /* nothing but a jump mentions it */
};

void candidate_clear(struct candidate *at);

/* The first problem stays. */
void candidate_problem(struct candidate *at, const char *why);

/* Sets a value of the profile; what cannot be set is a problem. NULL: not said. */
void candidate_set(struct candidate *at, const char *section, const char *key, const char *value);

/* Takes over what ssh would do: host, port, user, keys, agent, and pins out of
 * the known_hosts files. */
void candidate_fill(struct candidate *at, const struct ssh_config *c);

/* The same host, port, user, way, keys and problem, and the same remote socket
 * unless one is only jumped through. */
bool candidate_same(const struct candidate *a, const struct candidate *b);

/* A name that Docker takes too, as near to `given` as may be. Allocated. */
char *candidate_name(const char *given);

#endif
