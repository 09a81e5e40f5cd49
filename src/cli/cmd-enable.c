#include "autostart/autostart.h"
#include "cli/bring-up.h"
#include "cli/cmd.h"
#include "cli/each-name.h"
#include "control/tether-client.h"
#include "store/store.h"
#include "ui/out.h"

#include <stdio.h>
#include <string.h>

/* It is enabled in any case; an error that keeps it from serving is shown as well. */
static void note_state(const char *name)
{
    json_t *state = tether_client_status(name, NULL);
    const char *word = json_string_value(json_object_get(state, "state"));
    const json_t *error = json_object_get(state, "last_error");
    const char *why = json_string_value(json_object_get(error, "message"));
    const char *layer = json_string_value(json_object_get(error, "layer"));

    if (word != NULL && (strcmp(word, "waiting") == 0 || strcmp(word, "failed") == 0))
        out_note(name, "%s: %s: %s", word, layer != NULL ? layer : "", why != NULL ? why : "");
    json_decref(state);
}

/* It may have been removed while its service was set up: `rm` looks for one with the lock
 * held, and did not see this one. */
static int check_there(const char *name, struct err *e)
{
    int lock;

    if (store_lock(&lock, e) != 0)
        return -1;
    bool there = store_exists(name);
    if (!there)
        profile_free(store_load(name, e)); /* for its error: no such profile */
    store_unlock(lock);
    if (there)
        return 0;
    (void)autostart_disable(name, NULL);
    return -1;
}

static int enable_one(const char *name, void *user, struct err *e)
{
    struct profile *p = store_load(name, e);

    (void)user;
    if (p == NULL)
        return -1;
    int rc = bring_up_check_pins(p, e);
    if (rc == 0)
        rc = autostart_enable(p, e) == 0 ? check_there(name, e) : -1;
    profile_free(p);
    if (rc != 0)
        return -1;
    out_note(name, "enabled, %s", autostart_text(autostart_enabled(name)));
    puts(name);
    (void)fflush(stdout);
    note_state(name);
    return 0;
}

int cmd_enable(const struct args *args, struct err *e)
{
    (void)e;
    return each_name(args->operands, args->count, enable_one, NULL);
}
