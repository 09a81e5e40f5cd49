/* Changes of stored profiles, one at a time. */
#include "base/dirlock.h"
#include "base/file.h"
#include "base/path.h"
#include "store/option.h"
#include "store/store.h"

#include <stdlib.h>

#define LOCK_MS 15000

int store_lock(int *lock, struct err *e)
{
    char *config = path_config_dir(e), *dir = config != NULL ? mem_printf("%s/profiles", config) : NULL;
    int rc = -1;

    *lock = -1;
    if (dir != NULL)
        rc = dirlock_take(dir, LOCK_MS, lock, e);
    if (rc == 1)
        rc = file_mkdir_private(dir, e) == 0 ? dirlock_take(dir, LOCK_MS, lock, e) : -1;
    free(dir);
    free(config);
    return rc == 0 ? 0 : -1;
}

void store_unlock(int lock)
{
    dirlock_release(lock);
}

struct profile *store_merge(const struct profile *old, const struct profile *p, struct err *e)
{
    struct profile *now = store_load(p->name, e);
    size_t count;
    const struct option *table = option_table(&count);

    if (now == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++)
        option_carry(now, old, p, &table[i]);
    if (profile_finish(now, e) == 0)
        return now;
    profile_free(now);
    return NULL;
}

int store_update(const struct profile *old, struct profile *p, struct err *e)
{
    int lock, rc = -1;

    if (store_lock(&lock, e) != 0)
        return -1;
    struct profile *now = store_merge(old, p, e);
    if (now != NULL && store_save(now, false, e) == 0) {
        profile_assign(p, now);
        rc = 0;
    }
    profile_free(now);
    store_unlock(lock);
    return rc;
}
