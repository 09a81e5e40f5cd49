#include "autostart/autostart.h"
#include "base/mem.h"
#include "cli/cmd.h"
#include "cli/profile-args.h"
#include "control/tether-client.h"
#include "docker/context-sync.h"
#include "store/option.h"
#include "store/store.h"
#include "ui/out.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool same(const struct profile *a, const struct profile *b, const struct option *o)
{
    return option_is_default(a, o, b);
}

/* The keys that differ, with commas; NULL when there are none. */
static char *changed(const struct profile *p, const struct profile *old, bool cosmetic)
{
    size_t count;
    const struct option *table = option_table(&count);
    char *text = NULL;

    for (size_t i = 0; i < count; i++) {
        if (table[i].cosmetic != cosmetic || same(p, old, &table[i]))
            continue;
        char *longer = mem_printf("%s%s%s", text != NULL ? text : "", text != NULL ? ", " : "", table[i].key);
        free(text);
        text = longer;
    }
    return text;
}

/* Says which changes a running tether has applied, and which it will. */
static void note_running(const struct profile *p, const struct profile *old)
{
    if (!tether_client_running(p->name))
        return;
    char *now = changed(p, old, true), *later = changed(p, old, false);
    if (now != NULL && later != NULL)
        out_note(p->name, "applied now: %s", now);
    if (later != NULL && autostart_enabled(p->name) == LOGIN_NO) {
        out_note(
            p->name,
            "%s: takes effect at the next connection; to apply it now: docktether up %s (open connections are kept)",
            later, p->name);
    } else if (later != NULL) {
        out_note(p->name, "%s: takes effect when its service restarts; to see how: docktether up %s", later,
                 p->name);
    }
    free(now);
    free(later);
}

/* enable decides whether systemd or the tether listens. */
static void note_login(const struct profile *p, const struct profile *old)
{
    if (p->connect_on != old->connect_on && autostart_enabled(p->name) != LOGIN_NO)
        out_note(p->name, "it is enabled, so to apply the new connect: docktether enable %s", p->name);
}

int cmd_update(const struct args *args, struct err *e)
{
    const char *name = args->operands[0];
    const char *url = args->count > 1 ? args->operands[1] : NULL;
    int rc = -1;

    if (!profile_args_given(url, args))
        return err_set(e, ERR_USAGE, "", "nothing to change: give a URL or an option");
    struct profile *p = store_load(name, e);
    if (p == NULL)
        return -1;
    struct profile *old = profile_copy(p);
    if (profile_args_apply(p, url, args, e) == 0 && profile_finish(p, e) == 0)
        rc = context_sync_update(old, p, e);
    if (rc == 0) {
        puts(name);
        (void)fflush(stdout);
        fprintf(stderr, "Successfully updated profile \"%s\"\n", name);
        note_running(p, old);
        note_login(p, old);
    }
    profile_free(old);
    profile_free(p);
    return rc;
}
