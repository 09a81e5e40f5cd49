#include "autostart/autostart.h"
#include "base/mem.h"
#include "cli/bring-up.h"
#include "cli/cmd.h"
#include "cli/each-name.h"
#include "cli/status-all.h"
#include "store/option.h"
#include "store/runtime.h"
#include "store/store.h"
#include "ui/out.h"
#include "ui/table.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A value for programs: booleans and numbers as such, a repeatable key as an array, other
 * values as in the file. */
static json_t *json_value(const struct option *o, const struct strv *values)
{
    if (option_repeatable(o)) {
        json_t *array = json_array();
        for (size_t i = 0; i < values->count; i++)
            json_array_append_new(array, out_json_string(values->items[i]));
        return array;
    }
    const char *text = values->count > 0 ? values->items[0] : "";
    if (o->type == OPTION_BOOL)
        return json_boolean(strcmp(text, "yes") == 0);
    if (o->type == OPTION_INT)
        return json_integer(strtoll(text, NULL, 10));
    return out_json_string(text);
}

static json_t *json_keys(const struct profile *p)
{
    size_t count;
    const struct option *table = option_table(&count);
    json_t *sections = json_object();

    for (size_t i = 0; i < count; i++) {
        struct strv values = { 0 };
        json_t *section = json_object_get(sections, table[i].section);
        if (section == NULL) {
            section = json_object();
            json_object_set_new(sections, table[i].section, section);
        }
        option_get(p, &table[i], &values);
        json_object_set_new(section, table[i].key, json_value(&table[i], &values));
        strv_clear(&values);
    }
    return sections;
}

/* The facts beside the keys, in the order in which they are shown. */
struct facts {
    const char *title;
    const char *value;
};

#define FACTS 8

static void collect(struct facts facts[FACTS], const struct profile *p, const struct runtime *rt,
                    const char *file, const char *endpoint, const char *url, const char *state)
{
    facts[0] = (struct facts){ "Name", p->name };
    facts[1] = (struct facts){ "File", file };
    facts[2] = (struct facts){ "SSH", endpoint };
    facts[3] = (struct facts){ "DockerEndpoint", url };
    facts[4] = (struct facts){ "ControlSocket", rt->ctl };
    facts[5] = (struct facts){ "Log", rt->log };
    facts[6] = (struct facts){ "State", state };
    facts[7] = (struct facts){ "Enabled", autostart_text(autostart_enabled(p->name)) };
}

static json_t *json_profile(const struct profile *p, const struct facts facts[FACTS])
{
    json_t *o = json_object();

    for (size_t i = 0; i < FACTS; i++)
        json_object_set_new(o, facts[i].title, out_json_string(facts[i].value));
    json_object_set_new(o, "Profile", json_keys(p));
    return o;
}

static void print_profile(const struct profile *p, const struct facts facts[FACTS])
{
    size_t count;
    const struct option *table = option_table(&count);
    struct table *t = table_new(2, NULL);

    for (size_t i = 0; i < FACTS; i++)
        table_pair(t, facts[i].title, facts[i].value);
    for (size_t i = 0; i < count; i++) {
        struct strv values = { 0 };
        char *key = mem_printf("%s.%s", table[i].section, table[i].key);
        option_get(p, &table[i], &values);
        for (size_t k = 0; k < values.count || k == 0; k++)
            table_pair(t, key, values.count > 0 ? values.items[k] : "");
        strv_clear(&values);
        free(key);
    }
    table_print(t, stdout);
    table_free(t);
}

struct inspection {
    json_t *array; /* NULL: a table for people */
    size_t shown;
};

static int inspect(const struct profile *p, struct inspection *in, struct err *e)
{
    struct runtime rt = { 0 };
    struct facts facts[FACTS];

    if (runtime_init(&rt, p->name, e) != 0)
        return -1;
    char *file = store_path(p->name, e);
    char *url = profile_has_docker(p) ? mem_printf("unix://%s", rt.sock) : mem_strdup("");
    char *endpoint = profile_endpoint(p);
    const char *const name = p->name;
    struct status_all *tether = status_all_new(&name, 1);
    status_all_call(tether, STATUS_BRIEF_MS);
    if (file != NULL) {
        collect(facts, p, &rt, file, endpoint, url, status_table_word(status_all_state(tether, 0)));
        if (in->array == NULL && in->shown++ > 0)
            putchar('\n');
        if (in->array != NULL)
            json_array_append_new(in->array, json_profile(p, facts));
        else
            print_profile(p, facts);
    }
    status_all_free(tether);
    free(endpoint);
    free(url);
    runtime_clear(&rt);
    int rc = file != NULL ? 0 : -1;
    free(file);
    return rc;
}

static int inspect_one(const char *name, void *user, struct err *e)
{
    struct profile *p = store_load(name, e);

    if (p == NULL)
        return -1;
    int rc = inspect(p, user, e);
    profile_free(p);
    return rc;
}

int cmd_inspect(const struct args *args, struct err *e)
{
    struct inspection in = { 0 };
    bool json;

    if (args_json(args, &json, e) != 0)
        return -1;
    if (json)
        in.array = json_array();
    int status = each_name(args->operands, args->count, inspect_one, &in);
    if (json)
        out_json(in.array, JSON_INDENT(4));
    return status;
}
