#include "cli/hostkey-ask.h"

#include "base/mem.h"
#include "cli/bring-up.h"
#include "ssh/hostkey.h"
#include "store/pin.h"
#include "tether/jump.h"
#include "ui/out.h"
#include "ui/progress.h"
#include "ui/table.h"
#include "ui/term.h"

#include <stdlib.h>
#include <string.h>

#define SERVERS_OWN "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub"

static void add_row(struct table *t, const struct hostkey *key, const char *last)
{
    char bits[16] = "";

    if (key->bits > 0)
        snprintf(bits, sizeof bits, "%d", key->bits);
    table_row(t, (const char *const[]){ key->pin.type, bits, key->pin.fingerprint, last });
}

static int show_question(const struct profile *p, const struct hostkeys *keys)
{
    static const char *const titles[] = { "TYPE", "BITS", "FINGERPRINT", NULL };
    FILE *tty = term_open();
    char *endpoint = profile_endpoint(p);

    if (tty != NULL) {
        struct table *t = table_new(4, titles);
        for (size_t i = 0; i < keys->count; i++)
            add_row(t, &keys->items[i], NULL);
        fprintf(tty, "%s presents %s:\n\n", endpoint, keys->count == 1 ? "this key" : "these keys");
        table_print(t, tty);
        fprintf(tty, "\nCompare with the output of this command on the server: " SERVERS_OWN "\n");
        table_free(t);
        fclose(tty);
    }
    free(endpoint);
    return tty != NULL ? 0 : -1;
}

static int answer_pins(struct profile *p, const struct hostkeys *keys, const char *answer)
{
    int pinned = 0;

    for (size_t i = 0; i < keys->count; i++) {
        char text[PIN_TEXT_SIZE];
        const struct pin *pin = &keys->items[i].pin;
        pin_format(pin, text);
        if (strcmp(answer, "yes") == 0 || strcmp(answer, pin->fingerprint) == 0 ||
            strcmp(answer, text) == 0) {
            pins_add(&p->pins, pin);
            pinned++;
        }
    }
    return pinned;
}

static int no_terminal(struct err *e)
{
    err_set(e, ERR_HOSTKEY, "host key", "no host key is pinned, and there is no terminal to ask on");
    return err_hint(e, "run " SERVERS_OWN " on the server, then give that key: --pin 'TYPE SHA256:...'; or: "
                       "--pin-from known_hosts");
}

/* Through the same hops as the tether. */
static int scan(const struct profile *p, struct hostkeys *keys, struct err *e)
{
    const struct dial_way way = jump_way(p);

    if (bring_up_hops(p, e) != 0)
        return -1;
    char *endpoint = profile_endpoint(p), *text = mem_printf("%s to present its host keys", endpoint);
    struct progress *progress = progress_new(p->name);
    progress_say(progress, text);
    int rc = hostkey_scan(p->host, p->port, &way, p->connect_timeout_ms, keys, e);
    progress_free(progress);
    free(text);
    free(endpoint);
    return rc;
}

static void note_missed(const struct profile *p, const struct hostkeys *keys)
{
    if (keys->missed[0] != '\0')
        out_note(p->name, "it may have other keys, a further connection was in vain: %s", keys->missed);
}

int hostkey_ask(struct profile *p, struct err *e)
{
    struct hostkeys keys = { 0 };
    char answer[128] = "";

    if (!term_interactive())
        return no_terminal(e);
    if (scan(p, &keys, e) != 0)
        return -1;
    note_missed(p, &keys);
    int rc = show_question(p, &keys);
    if (rc == 0)
        rc =
            term_line(keys.count == 1 ? "Pin this key? (yes, or its fingerprint) "
                                      : "Pin all of these keys? (yes, or the fingerprint of the one to pin) ",
                      answer, sizeof answer, e);
    if (rc >= 0 && (rc > 0 || answer_pins(p, &keys, answer) == 0)) {
        err_set(e, ERR_HOSTKEY, "host key", "the host's keys were not confirmed; nothing was created");
        rc = err_hint(e, "ask the administrator for the fingerprints, or run on the server: " SERVERS_OWN);
    } else if (rc < 0 && e->code == ERR_NONE) {
        no_terminal(e);
    }
    hostkeys_clear(&keys);
    return rc;
}

/* A pinned key that the host does not present was retired, or the host is a different one. */
static void note_absent(const struct profile *p, const struct hostkeys *keys)
{
    for (size_t i = 0; i < p->pins.count; i++) {
        char text[PIN_TEXT_SIZE];
        size_t k = 0;
        while (k < keys->count && !pin_equal(&p->pins.items[i], &keys->items[k].pin))
            k++;
        if (k < keys->count)
            continue;
        pin_format(&p->pins.items[i], text);
        out_note(p->name, "pinned, but not presented by the host: %s", text);
    }
}

int hostkey_ask_show(const struct profile *p, FILE *out, struct err *e)
{
    static const char *const titles[] = { "TYPE", "BITS", "FINGERPRINT", "PINNED" };
    struct hostkeys keys = { 0 };

    if (scan(p, &keys, e) != 0)
        return -1;
    struct table *t = table_new(4, titles);
    for (size_t i = 0; i < keys.count; i++)
        add_row(t, &keys.items[i], pins_contain(&p->pins, &keys.items[i].pin) ? "yes" : "no");
    table_print(t, out);
    table_free(t);
    note_absent(p, &keys);
    note_missed(p, &keys);
    hostkeys_clear(&keys);
    return 0;
}
