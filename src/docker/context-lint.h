/* context-lint: files in Docker's store of contexts that break Docker's own programs.
 * Read only.
 *
 * `docker context ls` reads the meta.json of every context and gives up at the first
 * invalid one, also if it is not ours. */
#ifndef DOCKTETHER_DOCKER_CONTEXT_LINT_H
#define DOCKTETHER_DOCKER_CONTEXT_LINT_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct context_lint_fault {
    char *path;  /* of the meta.json */
    char *why;   /* "line 3: a comma or } is missing" */
    bool breaks; /* every listing; else that context alone is not found */
};

/* Zero-initialised when empty. */
struct context_lint {
    struct context_lint_fault *faults; /* in the order of their paths */
    size_t count;
    size_t contexts; /* that were looked at, at most 1000 */
};

/* No store at all is an empty one. -1 when the store cannot be read. */
int context_lint(struct context_lint *s, struct err *e);
void context_lint_clear(struct context_lint *s);

#endif
