#include "base/mem.h"
#include "cli/cmd.h"
#include "cli/names.h"
#include "cli/out.h"
#include "cli/state.h"
#include "store/store.h"
#include "tether/client.h"

#include <jansson.h>
#include <stdlib.h>

struct states {
    json_t **items;
    size_t count;
    bool all_serving;
};

static int add(const char *name, void *user, struct err *e)
{
    struct states *states = user;

    if (!store_exists(name) && !client_running(name)) {
        /* Its error is the one to show: no such profile, and the nearest name. */
        struct profile *p = store_load(name, e);
        if (p == NULL)
            return -1;
        profile_free(p);
    }
    json_t *state = state_get(name);
    states->items = mem_resize(states->items, states->count + 1, sizeof *states->items);
    states->items[states->count++] = state;
    states->all_serving = states->all_serving && state_serving(state);
    return 0;
}

static void print(const struct states *states, bool json, bool one)
{
    if (json) {
        for (size_t i = 0; i < states->count; i++)
            out_json(json_incref(states->items[i]), JSON_COMPACT);
    } else if (one && states->count == 1) {
        state_print_long(states->items[0]);
    } else if (!one) {
        state_print_table((const json_t *const *)states->items, states->count);
    }
}

int cmd_status(const struct args *args, struct err *e)
{
    struct states states = { .all_serving = true };
    struct strv names = { 0 };
    bool json, asked = args->count > 0;

    if (args_json(args, &json, e) != 0)
        return -1;
    if (!asked && store_list(&names, e) != 0)
        return -1;
    int status = asked ? names_each(args->operands, args->count, add, &states)
                       : names_each((const char *const *)names.items, names.count, add, &states);
    print(&states, json, args->count == 1);
    if (asked && status == 0 && !states.all_serving)
        status = ERR_FAILED;
    for (size_t i = 0; i < states.count; i++)
        json_decref(states.items[i]);
    free(states.items);
    strv_clear(&names);
    return status;
}
