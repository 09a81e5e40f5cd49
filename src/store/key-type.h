/* key-type: the types of public keys that SSH knows (RFC 4253 6.6, RFC 5656, RFC
 * 8709, OpenSSH's PROTOCOL.u2f), and how other programs write each. */
#ifndef DOCKTETHER_STORE_KEY_TYPE_H
#define DOCKTETHER_STORE_KEY_TYPE_H

#include <stdbool.h>
#include <stddef.h>

struct key_type {
    const char *name;        /* "ssh-ed25519" */
    const char *certificate; /* the type of a certificate for such a key */
    size_t fields;           /* strings that follow the name in a key */
    /* The signature algorithms that prove possession of a key (RFC 8332: an
     * ssh-rsa key signs with SHA-2), separated by commas; NULL: a host's key of
     * this type cannot be pinned. */
    const char *algorithms;
    int bits;           /* 0: they differ from key to key */
    const char *listed; /* "(ED25519)", at the end of a line of ssh-keygen -l */
    const char *sshfp;  /* the algorithm's number in an SSHFP record */
};

#define KEY_TYPE_COUNT 7

/* In our order of preference. */
extern const struct key_type key_types[KEY_TYPE_COUNT];

/* The type of that name, which need not be terminated; NULL: unknown. */
const struct key_type *key_type_find(const char *name, size_t len);

bool key_type_can_be_pinned(const char *name);

/* The type that a line of ssh-keygen -l tells by its number of bits (len digits)
 * and its kind, "(ECDSA)"; NULL: none that can be pinned. */
const struct key_type *key_type_listed(const char *bits, size_t len, const char *kind);

#endif
