#include "store/pin.h"

#include "base/mem.h"
#include "store/key-type.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX "SHA256:"
#define BASE64_LEN 43 /* 32 bytes without padding */

/* 43 characters carry 258 bits: the last two must be zero, or two texts would
 * stand for one fingerprint and only one of them would ever match. */
static bool fingerprint_ok(const char *s)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    if (strncmp(s, PREFIX, strlen(PREFIX)) != 0)
        return false;
    s += strlen(PREFIX);
    if (strlen(s) != BASE64_LEN || strspn(s, alphabet) != BASE64_LEN)
        return false;
    return (strchr(alphabet, s[BASE64_LEN - 1]) - alphabet) % 4 == 0;
}

/* What `ssh-keygen -l` prints: "256 SHA256:... comment (ED25519)". The comment
 * may hold anything. 1 when text is not such a line. */
static int parse_listing(const char *text, struct pin *pin, struct err *e)
{
    char line[256];
    size_t digits = strspn(text, "0123456789");
    const char *kind = strrchr(text, ' ');

    if (digits == 0 || digits > 5 || text[digits] != ' ' || kind == NULL)
        return 1;
    const struct key_type *type = key_type_listed(text, digits, kind + 1);
    if (type == NULL)
        return 1;
    snprintf(line, sizeof line, "%s %.*s", type->name, (int)strcspn(text + digits + 1, " "),
             text + digits + 1);
    return pin_parse(line, pin, e);
}

int pin_parse(const char *text, struct pin *pin, struct err *e)
{
    int listing = parse_listing(text, pin, e);
    if (listing <= 0)
        return listing;

    size_t type_len = strcspn(text, " \t");
    const char *fingerprint = text + type_len + strspn(text + type_len, " \t");

    memset(pin, 0, sizeof *pin);
    if (*fingerprint == '\0' || type_len == 0) {
        err_set(e, ERR_USAGE, "", "\"%.120s\" is not a pin: it needs a key type and a fingerprint", text);
        return err_hint(e, "a pin reads: ssh-ed25519 SHA256:..., or is a whole line of ssh-keygen -l");
    }
    const struct key_type *type = key_type_find(text, type_len);
    if (type == NULL || type->algorithms == NULL) {
        err_set(e, ERR_USAGE, "", "\"%.*s\" is not a type of key that can be pinned",
                (int)(type_len < 80 ? type_len : 80), text);
        return err_hint(e, "known are ssh-ed25519, ssh-rsa and ecdsa-sha2-nistp256, -nistp384, -nistp521");
    }
    if (!fingerprint_ok(fingerprint)) {
        err_set(e, ERR_USAGE, "", "\"%.120s\" is not a SHA256 fingerprint", fingerprint);
        return err_hint(e, "it reads SHA256: and %d characters of base64 without \"=\"", BASE64_LEN);
    }
    memcpy(pin->type, text, type_len);
    memcpy(pin->fingerprint, fingerprint, PIN_FINGERPRINT_SIZE);
    return 0;
}

void pin_format(const struct pin *pin, char out[PIN_TEXT_SIZE])
{
    snprintf(out, PIN_TEXT_SIZE, "%s %s", pin->type, pin->fingerprint);
}

bool pin_equal(const struct pin *a, const struct pin *b)
{
    return strcmp(a->type, b->type) == 0 && strcmp(a->fingerprint, b->fingerprint) == 0;
}

static size_t find(const struct pins *pins, const struct pin *pin)
{
    size_t i = 0;

    while (i < pins->count && !pin_equal(&pins->items[i], pin))
        i++;
    return i;
}

bool pins_add(struct pins *pins, const struct pin *pin)
{
    if (pins_contain(pins, pin))
        return false;
    pins->items = mem_resize(pins->items, pins->count + 1, sizeof *pins->items);
    pins->items[pins->count++] = *pin;
    return true;
}

bool pins_remove(struct pins *pins, const struct pin *pin)
{
    size_t i = find(pins, pin);

    if (i == pins->count)
        return false;
    pins->count--;
    memmove(&pins->items[i], &pins->items[i + 1], (pins->count - i) * sizeof *pins->items);
    return true;
}

bool pins_contain(const struct pins *pins, const struct pin *pin)
{
    return find(pins, pin) < pins->count;
}

void pins_clear(struct pins *pins)
{
    free(pins->items);
    pins->items = NULL;
    pins->count = 0;
}
