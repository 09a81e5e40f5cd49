/* pin: a host key that a profile trusts, as "TYPE SHA256:BASE64". */
#ifndef DOCKTETHER_STORE_PIN_H
#define DOCKTETHER_STORE_PIN_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

#define PIN_TYPE_SIZE 40
#define PIN_FINGERPRINT_SIZE 51 /* "SHA256:" and 43 characters */
#define PIN_TEXT_SIZE (PIN_TYPE_SIZE + PIN_FINGERPRINT_SIZE)

struct pin {
    char type[PIN_TYPE_SIZE];               /* "ssh-ed25519": the key's type, not the signature's */
    char fingerprint[PIN_FINGERPRINT_SIZE]; /* as ssh-keygen -l prints it */
};

/* Zero-initialised when empty. */
struct pins {
    struct pin *items;
    size_t count;
};

/* "TYPE SHA256:...", or a line as `ssh-keygen -l` prints it, "256 SHA256:...
 * comment (ED25519)". The type must be one of ssh-ed25519, ssh-rsa,
 * ecdsa-sha2-nistp256, -nistp384, -nistp521; the fingerprint unpadded base64
 * of 32 bytes. Errors are ERR_USAGE. */
int pin_parse(const char *text, struct pin *pin, struct err *e);

void pin_format(const struct pin *pin, char out[PIN_TEXT_SIZE]);
bool pin_equal(const struct pin *a, const struct pin *b);

/* Adds unless it is there; true when it was added. */
bool pins_add(struct pins *pins, const struct pin *pin);
bool pins_remove(struct pins *pins, const struct pin *pin);
bool pins_contain(const struct pins *pins, const struct pin *pin);
void pins_clear(struct pins *pins);

#endif
