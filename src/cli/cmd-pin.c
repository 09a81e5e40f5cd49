#include "cli/cmd.h"
#include "cli/hostkey-ask.h"
#include "cli/hostkey-rotate-ask.h"
#include "cli/pin-source.h"
#include "control/tether-client.h"
#include "store/pin.h"
#include "store/store.h"
#include "ui/out.h"

#include <stdio.h>
#include <string.h>

static int remove_pin(struct profile *p, const struct pin *pin, const char *given, struct err *e)
{
    if (pins_remove(&p->pins, pin))
        return 0;
    err_set(e, ERR_FAILED, "host key", "%s is not pinned", given);
    return err_hint(e, "to list the pins: docktether pin %s", p->name);
}

/* --add, --add-from, then --remove. *changed counts. */
static int apply(struct profile *p, const struct args *args, size_t *changed, struct err *e)
{
    const char *given;
    struct pin pin;

    for (size_t at = 0; (given = args_next(args, "add", &at)) != NULL;) {
        if (pin_parse(given, &pin, e) != 0)
            return -1;
        *changed += pins_add(&p->pins, &pin);
    }
    for (size_t at = 0; (given = args_next(args, "add-from", &at)) != NULL;) {
        size_t before = p->pins.count;
        if (pin_source_add(p, given, e) != 0)
            return -1;
        *changed += p->pins.count - before;
    }
    for (size_t at = 0; (given = args_next(args, "remove", &at)) != NULL;) {
        if (pin_parse(given, &pin, e) != 0 || remove_pin(p, &pin, given, e) != 0)
            return -1;
        *changed += 1;
    }
    return 0;
}

static void print_pins(const struct profile *p)
{
    for (size_t i = 0; i < p->pins.count; i++) {
        char text[PIN_TEXT_SIZE];
        pin_format(&p->pins.items[i], text);
        puts(text);
    }
    if (p->pins.count == 0)
        out_note(p->name, "no host key is pinned; to show the keys of the host: docktether pin %s --scan",
                 p->name);
}

/* The host key is checked when a connection begins. */
static void note_running(const char *name)
{
    json_t *status = tether_client_status(name, NULL);
    const char *state = json_string_value(json_object_get(status, "state"));

    if (state != NULL && strcmp(state, "serving") == 0)
        out_note(
            name,
            "the running tether keeps its connection; to apply the new pins: docktether up %s, to end the "
            "connection: docktether down %s",
            name, name);
    else if (tether_client_running(name))
        out_note(name, "to connect with the new pins: docktether up %s", name);
    json_decref(status);
}

static int edit_and_print(struct profile *p, const struct args *args, struct err *e)
{
    size_t changed = 0;
    struct profile *old = profile_copy(p);
    int rc = apply(p, args, &changed, e);

    if (rc == 0 && changed > 0)
        rc = store_update(old, p, e);
    profile_free(old);
    if (rc != 0)
        return -1;
    print_pins(p);
    if (changed > 0)
        note_running(p->name);
    return 0;
}

static int rotate(struct profile *p, struct err *e)
{
    bool changed;
    struct profile *old = profile_copy(p);
    int rc = hostkey_rotate_ask(p, &changed, e);

    if (rc == 0 && changed)
        rc = store_update(old, p, e);
    profile_free(old);
    if (rc != 0)
        return -1;
    print_pins(p);
    if (changed)
        note_running(p->name);
    return 0;
}

int cmd_pin(const struct args *args, struct err *e)
{
    bool look = args_has(args, "scan"), follow = args_has(args, "rotate");
    bool edits = args_has(args, "add") || args_has(args, "add-from") || args_has(args, "remove");
    int rc;

    if (look && edits)
        return err_set(e, ERR_USAGE, "", "--scan and --add cannot be combined: compare the keys first");
    if (follow && (look || edits))
        return err_set(e, ERR_USAGE, "", "--rotate cannot be combined with other options");
    struct profile *p = store_load(args->operands[0], e);
    if (p == NULL)
        return -1;
    if (look)
        rc = hostkey_ask_show(p, stdout, e);
    else
        rc = follow ? rotate(p, e) : edit_and_print(p, args, e);
    profile_free(p);
    return rc;
}
