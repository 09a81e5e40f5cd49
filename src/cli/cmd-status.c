#include "base/mem.h"
#include "cli/cmd.h"
#include "cli/each-name.h"
#include "cli/status-all.h"
#include "cli/status-table.h"
#include "cli/watch.h"
#include "control/tether-client.h"
#include "store/store.h"
#include "ui/out.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

static int check(const char *name, void *user, struct err *e)
{
    struct strv *names = user;

    if (!store_exists(name) && !tether_client_running(name)) {
        /* Its error says that there is no such profile, and suggests a name. */
        struct profile *p = store_load(name, e);
        if (p == NULL)
            return -1;
        profile_free(p);
    }
    strv_add(names, name);
    return 0;
}

static void print_table(const struct status_all *roll, bool in_full)
{
    struct status_table_row *rows = mem_alloc((status_all_count(roll) + 1) * sizeof *rows);

    for (size_t i = 0; i < status_all_count(roll); i++)
        rows[i] = status_all_row(roll, i);
    struct table *t = in_full ? status_table_full(rows) : status_table_build(rows, status_all_count(roll));
    table_print(t, stdout);
    table_free(t);
    free(rows);
}

static bool print_once(const struct strv *names, bool json, bool in_full)
{
    struct status_all *roll = status_all_new((const char *const *)names->items, names->count);
    bool all_serve = true;

    status_all_call(roll, STATUS_PATIENCE_MS);
    for (size_t i = 0; i < names->count; i++) {
        all_serve = all_serve && status_table_serving(status_all_state(roll, i));
        if (json)
            out_json(json_deep_copy(status_all_state(roll, i)), JSON_COMPACT);
    }
    if (!json && (names->count > 0 || !in_full))
        print_table(roll, in_full);
    status_all_free(roll);
    return all_serve;
}

int cmd_status(const struct args *args, struct err *e)
{
    struct strv names = { 0 };
    bool json, asked = args->count > 0, watch = args_has(args, "watch");
    int status = 0;

    if (args_json(args, &json, e) != 0 || (watch && watch_check(json, e) != 0))
        return -1;
    if (asked)
        status = each_name(args->operands, args->count, check, &names);
    else if (store_list(&names, e) != 0)
        return -1;
    if (watch && status == 0)
        status = watch_run(&names, !asked, json, e);
    else if (!watch && !print_once(&names, json, args->count == 1) && asked && status == 0)
        status = ERR_FAILED;
    strv_clear(&names);
    return status;
}
