#include "cli/cmd.h"
#include "cli/out.h"
#include "cli/target.h"
#include "cli/trust.h"
#include "store/pin.h"
#include "store/store.h"
#include "tether/client.h"

#include <stdio.h>

static int remove_pin(struct profile *p, const struct pin *pin, const char *given, struct err *e)
{
    if (pins_remove(&p->pins, pin))
        return 0;
    err_set(e, ERR_FAILED, "host key", "%s is not pinned", given);
    return err_hint(e, "docktether pin %s shows the pins", p->name);
}

/* --add and --remove, in the order of the command line. *changed counts. */
static int apply(struct profile *p, const struct args *args, size_t *changed, struct err *e)
{
    const char *given;
    struct pin pin;

    for (size_t at = 0; (given = args_next(args, "add", &at)) != NULL;) {
        if (pin_parse(given, &pin, e) != 0)
            return -1;
        *changed += pins_add(&p->pins, &pin);
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
        out_note(p->name, "nothing is pinned; docktether pin %s --scan shows what the host presents",
                 p->name);
}

static int edit_and_print(struct profile *p, const struct args *args, struct err *e)
{
    size_t changed = 0;

    if (apply(p, args, &changed, e) != 0)
        return -1;
    if (changed > 0 && store_save(p, false, e) != 0)
        return -1;
    print_pins(p);
    if (changed > 0 && client_running(p->name))
        target_note_stale(p->name);
    return 0;
}

int cmd_pin(const struct args *args, struct err *e)
{
    bool scan = args_has(args, "scan");
    int rc;

    if (scan && (args_has(args, "add") || args_has(args, "remove")))
        return err_set(e, ERR_USAGE, "", "--scan trusts nothing: look first, then give --add");
    struct profile *p = store_load(args->operands[0], e);
    if (p == NULL)
        return -1;
    rc = scan ? trust_show(p, stdout, e) : edit_and_print(p, args, e);
    profile_free(p);
    return rc;
}
