#include "cli/hostkey-rotate-ask.h"

#include "cli/bring-up.h"
#include "ssh/hostkey-rotate.h"
#include "ssh/identity.h"
#include "tether/jump.h"
#include "ui/out.h"
#include "ui/progress.h"
#include "ui/table.h"
#include "ui/term.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SERVERS_OWN "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub"

/* ---- the keys of the host --------------------------------------------------- */

/* Without a proof of a pinned key the host cannot vouch for new ones. */
static int no_rotation(const struct profile *p, struct err *e)
{
    return err_hint(
        e,
        "the host proves no pinned key, so this is no rotation and may be an attack. If the host was "
        "reinstalled, check the fingerprint on it (" SERVERS_OWN
        "), then: docktether pin %s --add 'TYPE SHA256:...'",
        p->name);
}

static void agent_slow(void *user)
{
    const struct profile *p = user;

    out_note(p->name, "waiting for the SSH agent; it may need a touch or a confirmation");
}

static void note(void *user, const char *what, const char *whom)
{
    progress_note(user, what, whom);
}

static int collect(struct profile *p, struct hostkeys *keys, struct err *e)
{
    const struct identity_helpers helpers = { .ask = term_passphrase,
                                              .agent_slow = agent_slow,
                                              .agent_slow_user = p };

    if (bring_up_check_pins(p, e) != 0 || bring_up_hops(p, e) != 0)
        return -1;
    struct identities *ids = identities_load(p, &helpers, e);
    if (ids == NULL)
        return -1;
    struct progress *progress = progress_new(p->name);
    const struct connect_request rq = { .profile = p,
                                        .identities = ids,
                                        .way = jump_way(p),
                                        .cancel_fd = -1,
                                        .note = note,
                                        .note_user = progress };
    int rc = hostkey_rotate_collect(&rq, keys, e);
    progress_free(progress);
    if (rc != 0 && e->code == ERR_HOSTKEY)
        no_rotation(p, e);
    identities_free(ids);
    return rc;
}

static bool presented(const struct hostkeys *keys, const struct pin *pin)
{
    for (size_t i = 0; i < keys->count; i++)
        if (pin_equal(&keys->items[i].pin, pin))
            return true;
    return false;
}

static size_t count_new(const struct profile *p, const struct hostkeys *keys)
{
    size_t n = 0;

    for (size_t i = 0; i < keys->count; i++)
        n += !pins_contain(&p->pins, &keys->items[i].pin);
    return n;
}

static size_t count_gone(const struct profile *p, const struct hostkeys *keys)
{
    size_t n = 0;

    for (size_t i = 0; i < p->pins.count; i++)
        n += !presented(keys, &p->pins.items[i]);
    return n;
}

/* ---- showing it ---------------------------------------------------------- */

static void fill(struct table *t, const struct profile *p, const struct hostkeys *keys)
{
    for (size_t i = 0; i < keys->count; i++) {
        const struct hostkey *key = &keys->items[i];
        char bits[16] = "";
        if (key->bits > 0)
            snprintf(bits, sizeof bits, "%d", key->bits);
        table_row(t, (const char *const[]){ key->pin.type, bits, key->pin.fingerprint,
                                            pins_contain(&p->pins, &key->pin) ? "pinned" : "new" });
    }
    for (size_t i = 0; i < p->pins.count; i++)
        if (!presented(keys, &p->pins.items[i]))
            table_row(t, (const char *const[]){ p->pins.items[i].type, NULL, p->pins.items[i].fingerprint,
                                                "pinned, not presented" });
}

/* dropbear names no other key than the first one's when the exchange is repeated. */
#define ONE_KEY                                                                                               \
    "it showed one key in this connection, and some servers (dropbear) never show another there: docktether " \
    "pin %s --scan shows what else it has"

static void show(const struct profile *p, const struct hostkeys *keys, FILE *out)
{
    static const char *const titles[] = { "TYPE", "BITS", "FINGERPRINT", "STATE" };
    char *endpoint = profile_endpoint(p);
    struct table *t = table_new(4, titles);

    fill(t, p, keys);
    fprintf(out, "%s proved the pinned %s key and presents:\n\n", endpoint, keys->items[0].pin.type);
    table_print(t, out);
    fprintf(out, "\nThe host presented the other keys inside the connection that the pinned key secures,\n"
                 "each in a key exchange of its own that it signed. It presents one key per type.\n");
    if (keys->count == 1)
        out_note(p->name, ONE_KEY, p->name);
    table_free(t);
    free(endpoint);
}

/* ---- asking -------------------------------------------------------------- */

static int no_terminal(const struct profile *p, struct err *e)
{
    err_set(e, ERR_HOSTKEY, "host key",
            "the pins differ from the host's keys, and there is no terminal to ask on");
    return err_hint(
        e, "to trust a new key: docktether pin %s --add 'TYPE SHA256:...'; --remove stops trusting one",
        p->name);
}

static void replace_all(struct profile *p, const struct hostkeys *keys)
{
    pins_clear(&p->pins);
    for (size_t i = 0; i < keys->count; i++)
        pins_add(&p->pins, &keys->items[i].pin);
}

static bool add_one(struct profile *p, const struct hostkeys *keys, const char *answer)
{
    for (size_t i = 0; i < keys->count; i++) {
        char text[PIN_TEXT_SIZE];
        pin_format(&keys->items[i].pin, text);
        if (strcmp(answer, keys->items[i].pin.fingerprint) == 0 || strcmp(answer, text) == 0)
            return pins_add(&p->pins, &keys->items[i].pin);
    }
    return false;
}

static int ask(struct profile *p, const struct hostkeys *keys, bool *changed, struct err *e)
{
    char answer[128] = "";

    FILE *tty = term_open();
    if (tty == NULL)
        return no_terminal(p, e);
    show(p, keys, tty);
    fclose(tty);
    int rc =
        term_line("Pin exactly the keys that the host presents? (yes, or the fingerprint of one new key) ",
                  answer, sizeof answer, e);
    if (rc < 0)
        return -1;
    if (rc == 0 && strcmp(answer, "yes") == 0) {
        replace_all(p, keys);
        *changed = true;
    } else if (rc == 0) {
        *changed = add_one(p, keys, answer);
    }
    if (*changed)
        return 0;
    err_set(e, ERR_HOSTKEY, "host key", "no new key was confirmed; the pins are unchanged");
    return err_hint(e, "to change pins one by one: docktether pin %s --add or --remove", p->name);
}

int hostkey_rotate_ask(struct profile *p, bool *changed, struct err *e)
{
    struct hostkeys keys = { 0 };
    int rc = collect(p, &keys, e);

    *changed = false;
    if (rc == 0 && count_new(p, &keys) + count_gone(p, &keys) == 0) {
        out_note(p->name,
                 keys.count > 1 ? "nothing to rotate: the host presents exactly the pinned keys"
                                : "nothing to rotate: " ONE_KEY,
                 p->name);
    } else if (rc == 0 && term_interactive()) {
        rc = ask(p, &keys, changed, e);
    } else if (rc == 0) {
        show(p, &keys, stdout);
        rc = no_terminal(p, e);
    }
    hostkeys_clear(&keys);
    return rc;
}
