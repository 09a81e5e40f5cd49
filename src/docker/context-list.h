/* context-list: Docker's contexts that lead to a host by ssh://, as others made
 * them. Read only. */
#ifndef DOCKTETHER_DOCKER_CONTEXT_LIST_H
#define DOCKTETHER_DOCKER_CONTEXT_LIST_H

#include "base/err.h"

#include <stddef.h>

struct context_list_entry {
    char *name;
    char *url; /* begins with "ssh://", is checked no further */
};

/* Zero-initialised when empty. */
struct context_list {
    struct context_list_entry *items;
    size_t count;
};

/* Sorted by name, at most 1000. Contexts that cannot be read or parsed are ignored: they are
 * not ours. An empty store is not an error. */
int context_list_by_ssh(struct context_list *list, struct err *e);
void context_list_clear(struct context_list *list);

#endif
