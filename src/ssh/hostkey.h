/* hostkey: the key a host presents, and whether a profile trusts it. */
#ifndef DOCKTETHER_SSH_HOSTKEY_H
#define DOCKTETHER_SSH_HOSTKEY_H

#include "base/err.h"
#include "ssh/dial.h"
#include "store/pin.h"

#include <stddef.h>
#include <stdint.h>

/* A key as somebody reads it: pin (type and fingerprint) and its size. */
struct hostkey {
    struct pin pin;
    int bits; /* 256 for ed25519; 0 when unknown */
};

/* Zero-initialised when empty. */
struct hostkeys {
    struct hostkey *items;
    size_t count;
    char missed[300]; /* why a scan ended before it had asked for all; "" when it has */
};

void hostkeys_clear(struct hostkeys *keys);

/* From "TYPE BASE64 [COMMENT]", as .pub files and known_hosts have it: 0, or -1
 * when it is none, damaged, or of a type that cannot be pinned. */
int hostkey_parse(const char *text, struct hostkey *key);

/* Connects to host:port (by way; NULL: TCP) once per key type, three times, without
 * authenticating, and collects every host key that is presented. One connection does not do: a
 * key exchange shows one key, and libssh repeats it after a login only. sshd counts a second for
 * each of the three against this address (PerSourcePenalties) and locks it out when 15 come
 * together. Blocks for at most three times
 * timeout_ms. Trusts nothing and writes nothing. At least one key, or -1:
 * ERR_UNREACHABLE when the host cannot be reached or speaks no SSH. */
int hostkey_scan(const char *host, int64_t port, const struct dial_way *way, int64_t timeout_ms,
                 struct hostkeys *keys, struct err *e);

#endif
