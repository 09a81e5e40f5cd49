#include "base/digest.h"
#include "cli/cmd.h"
#include "cli/edit.h"
#include "cli/publish.h"
#include "cli/target.h"
#include "store/store.h"
#include "tether/client.h"

#include <stdio.h>
#include <string.h>

/* When Docker's context cannot follow, the profile is what it was. */
static int write_both(const struct profile *p, const struct profile *old, struct err *e)
{
    if (store_save(p, false, e) != 0)
        return -1;
    if (publish(p, e) == 0)
        return 0;
    (void)store_save(old, false, NULL);
    return -1;
}

/* Rewriting the context is no news to a tether. */
static void note_running(const struct profile *p, const struct profile *old)
{
    char before[DIGEST_HEX_SIZE], after[DIGEST_HEX_SIZE];

    store_fingerprint(old, before);
    store_fingerprint(p, after);
    if (strcmp(before, after) != 0 && client_running(p->name))
        target_note_stale(p->name);
}

int cmd_update(const struct args *args, struct err *e)
{
    const char *name = args->operands[0];
    const char *url = args->count > 1 ? args->operands[1] : NULL;
    int rc = -1;

    if (!edit_given(url, args))
        return err_set(e, ERR_USAGE, "", "nothing to change was given");
    struct profile *p = store_load(name, e);
    if (p == NULL)
        return -1;
    struct profile *old = profile_copy(p);
    if (edit_apply(p, url, args, e) == 0 && profile_finish(p, e) == 0 && edit_check_way(p, e) == 0 &&
        publish_check(p, e) == 0)
        rc = write_both(p, old, e);
    if (rc == 0) {
        puts(name);
        (void)fflush(stdout);
        fprintf(stderr, "Successfully updated profile \"%s\"\n", name);
        note_running(p, old);
    }
    profile_free(old);
    profile_free(p);
    return rc;
}
