#include "docker/context-sync.h"

#include "docker/config.h"
#include "docker/context.h"
#include "store/runtime.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int context_sync_check(const struct profile *p, struct err *e)
{
    if (!profile_has_context(p))
        return 0;
    enum context_owner owner = context_owner(p->name, e);
    return owner == CONTEXT_ABSENT || owner == CONTEXT_OURS ? 0 : -1;
}

int context_sync_remove(const char *name, struct err *e)
{
    char *current = NULL;
    int removed = 0;

    (void)config_current(&current, NULL); /* context_remove() reports a broken file */
    int rc = context_remove(name, &removed, e);
    if (rc == 0 && removed && current != NULL && strcmp(current, name) == 0)
        fputs("Current context is now \"default\"\n", stderr);
    free(current);
    return rc;
}

int context_sync(const struct profile *p, struct err *e)
{
    if (!profile_has_context(p))
        return context_sync_remove(p->name, e);

    char *socket = runtime_socket_path(p->name, e);
    if (socket == NULL)
        return -1;
    int rc = context_write(p->name, p->description, socket, e);
    free(socket);
    return rc;
}

int context_sync_new(const struct profile *p, struct err *e)
{
    if (store_save(p, true, e) != 0)
        return -1;
    if (!profile_has_context(p) || context_sync(p, e) == 0)
        return 0;
    (void)store_remove(p->name, NULL);
    return -1;
}
