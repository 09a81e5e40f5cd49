#include "autostart/autostart.h"
#include "base/mem.h"
#include "cli/cmd.h"
#include "cli/current.h"
#include "cli/status-all.h"
#include "store/runtime.h"
#include "store/store.h"
#include "ui/out.h"
#include "ui/table.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    const char *name;
    bool current;
    const char *state;       /* a word of `status` */
    struct profile *profile; /* NULL: broken, and error says why */
    char *endpoint;          /* never NULL */
    struct err error;
};

struct listing {
    struct status_all *tethers;
    struct entry *entries;
    size_t count;
    bool broken; /* some profile is */
};

static void fill(struct entry *entry, const char *name, const char *state, const char *current)
{
    entry->name = name;
    entry->current = current != NULL && strcmp(current, name) == 0;
    entry->state = state;
    entry->profile = store_load(name, &entry->error);
    entry->endpoint = entry->profile != NULL ? profile_endpoint(entry->profile) : mem_strdup("");
}

static void listing_init(struct listing *l, const struct strv *names)
{
    struct err e = ERR_INIT;
    char *current = current_name(&e);

    if (current == NULL) /* Docker's own file is broken: the profiles are not */
        out_error(NULL, &e);
    l->entries = mem_alloc(names->count * sizeof *l->entries);
    l->count = names->count;
    l->tethers = status_all_new((const char *const *)names->items, names->count);
    status_all_call(l->tethers, STATUS_BRIEF_MS);
    for (size_t i = 0; i < l->count; i++) {
        fill(&l->entries[i], names->items[i], status_table_word(status_all_state(l->tethers, i)), current);
        l->broken = l->broken || l->entries[i].profile == NULL;
    }
    free(current);
}

static void listing_clear(struct listing *l)
{
    for (size_t i = 0; i < l->count; i++) {
        profile_free(l->entries[i].profile);
        free(l->entries[i].endpoint);
    }
    free(l->entries);
    status_all_free(l->tethers);
}

static void print_table(const struct listing *l)
{
    static const char *const titles[] = { "NAME", "DESCRIPTION", "ENDPOINT", "STATE", "ERROR" };
    struct table *t = table_new(l->broken ? 5 : 4, titles);

    for (size_t i = 0; i < l->count; i++) {
        const struct entry *entry = &l->entries[i];
        char *name = mem_printf("%s%s", entry->name, entry->current ? " *" : "");
        table_row(t, (const char *const[]){
                         name,
                         entry->profile != NULL ? entry->profile->description : "",
                         entry->endpoint,
                         entry->state,
                         entry->error.msg,
                     });
        if (entry->profile != NULL && entry->profile->protect)
            table_paint(t, 0, STYLE_GUARDED);
        table_paint(t, 3, style_of_state(entry->state));
        if (l->broken)
            table_paint(t, 4, STYLE_BAD);
        free(name);
    }
    table_print(t, stdout);
    table_free(t);
}

static void print_json(const struct entry *entry)
{
    bool hop_only = entry->profile != NULL && !profile_has_docker(entry->profile);
    char *url = hop_only ? NULL : runtime_url(entry->name, NULL);
    json_t *o = json_object();

    json_object_set_new(o, "Name", out_json_string(entry->name));
    json_object_set_new(o, "Description",
                        out_json_string(entry->profile != NULL ? entry->profile->description : ""));
    json_object_set_new(o, "Current", json_boolean(entry->current));
    json_object_set_new(o, "SSH", out_json_string(entry->endpoint));
    json_object_set_new(o, "DockerEndpoint", out_json_string(url != NULL ? url : ""));
    json_object_set_new(o, "State", json_string(entry->state));
    json_object_set_new(o, "Enabled", json_string(autostart_text(autostart_enabled(entry->name))));
    json_object_set_new(o, "Protected",
                        entry->profile != NULL ? json_boolean(entry->profile->protect) : json_null());
    json_object_set_new(o, "Error", out_json_string(entry->error.msg));
    out_json(o, JSON_COMPACT);
    free(url);
}

static void print_full(const struct strv *names, bool json)
{
    struct listing l = { 0 };

    listing_init(&l, names);
    if (!json)
        print_table(&l);
    for (size_t i = 0; json && i < l.count; i++)
        print_json(&l.entries[i]);
    listing_clear(&l);
}

int cmd_ls(const struct args *args, struct err *e)
{
    struct strv names = { 0 };
    bool json;

    if (args_json(args, &json, e) != 0 || store_list(&names, e) != 0)
        return -1;
    if (args_has(args, "quiet")) {
        for (size_t i = 0; i < names.count; i++)
            puts(names.items[i]);
    } else {
        print_full(&names, json);
    }
    strv_clear(&names);
    return 0;
}
