#include "docker/context-sync.h"

#include "docker/context.h"
#include "store/runtime.h"
#include "store/store.h"
#include "store/via-chain.h"

#include <stdio.h>
#include <stdlib.h>

int context_sync_check(const struct profile *p, struct err *e)
{
    if (!profile_has_context(p))
        return 0;
    enum context_owner owner = context_owner(p->name, e);
    return owner == CONTEXT_ABSENT || owner == CONTEXT_OURS ? 0 : -1;
}

int context_sync_remove(const char *name, struct err *e)
{
    bool was_current;
    int rc = context_remove(name, &was_current, e);

    if (was_current)
        fputs("Current context is now \"default\"\n", stderr);
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

static int make(const struct profile *p, struct err *e)
{
    if (via_chain_check(p, e) != 0 || store_save(p, true, e) != 0)
        return -1;
    if (!profile_has_context(p) || context_sync(p, e) == 0)
        return 0;
    (void)store_remove(p->name, NULL);
    return -1;
}

int context_sync_new(const struct profile *p, struct err *e)
{
    int lock;

    if (store_lock(&lock, e) != 0)
        return -1;
    int rc = make(p, e);
    store_unlock(lock);
    return rc;
}

/* If Docker's context cannot be written, the old profile is restored. */
static int write_both(const struct profile *p, struct err *e)
{
    if (via_chain_check(p, e) != 0 || context_sync_check(p, e) != 0)
        return -1;
    struct profile *before = store_load(p->name, e);
    int rc = before != NULL ? store_save(p, false, e) : -1;
    if (rc == 0 && context_sync(p, e) != 0) {
        (void)store_save(before, false, NULL);
        rc = -1;
    }
    profile_free(before);
    return rc;
}

int context_sync_update(const struct profile *old, struct profile *p, struct err *e)
{
    int lock, rc = -1;

    if (store_lock(&lock, e) != 0)
        return -1;
    struct profile *now = store_merge(old, p, e);
    if (now != NULL && write_both(now, e) == 0) {
        profile_assign(p, now);
        rc = 0;
    }
    profile_free(now);
    store_unlock(lock);
    return rc;
}
