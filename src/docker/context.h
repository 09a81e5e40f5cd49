/* context: Docker's own context of a profile,
 * $DOCKER_CONFIG/contexts/meta/<sha256 of NAME>/meta.json.
 *
 * A context is ours when its Metadata holds our marker; any other is never
 * touched. */
#ifndef DOCKTETHER_DOCKER_CONTEXT_H
#define DOCKTETHER_DOCKER_CONTEXT_H

#include "base/err.h"

enum context_owner {
    CONTEXT_ABSENT,
    CONTEXT_OURS,
    CONTEXT_FOREIGN,    /* somebody else's */
    CONTEXT_UNREADABLE, /* it cannot be told */
};

/* Who owns the context NAME. For the last two an error says why the profile cannot have
 * it, and what to do; the fix of CONTEXT_UNREADABLE makes it ours, or leaves it alone. */
enum context_owner context_owner(const char *name, struct err *e);

/* A command for a shell that puts a meta.json out of Docker's sight; allocated. */
char *context_aside(const char *path);

/* Where a context of ours leads, allocated ("unix:///..."); NULL when it is not
 * ours, or leads nowhere. */
char *context_url(const char *name);

/* Writes meta.json (directories 0755, file 0644, atomic) with the endpoint
 * unix://SOCKET. Unknown members of a meta.json of ours are kept. A context that
 * is not ours is the error of context_owner(). */
int context_write(const char *name, const char *description, const char *socket, struct err *e);

/* Removes it when it is ours; absent or foreign is no error. When
 * config.json's currentContext is NAME it is reset to Docker's default first,
 * as nobody must be left with a context that does not exist. TLS material of
 * that name is not ours and stays. *removed may be NULL. */
int context_remove(const char *name, int *removed, struct err *e);

#endif
