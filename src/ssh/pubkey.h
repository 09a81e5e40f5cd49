/* pubkey: public keys and certificates as OpenSSH writes them: one line of a
 * .pub file, and the blob inside (RFC 4253 6.6, OpenSSH's PROTOCOL.certkeys).
 * Pure: nothing is read, and no signature is checked. */
#ifndef DOCKTETHER_SSH_PUBKEY_H
#define DOCKTETHER_SSH_PUBKEY_H

#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pubkey {
    char *type;  /* "ssh-ed25519", "ssh-ed25519-cert-v01@openssh.com" */
    char *blob;  /* in base64, always padded */
    char *plain; /* of the key that signs: blob, or for a certificate the certified key's */
    bool certificate;
    bool host;              /* a certificate for a host, not for a user */
    struct strv principals; /* of a certificate; sshd wants one unless authorized_keys names the CA */
    uint64_t valid_after;   /* seconds since 1970; 0 without a certificate */
    uint64_t valid_before;
};

/* From the first line of text that is neither empty nor a comment:
 * "TYPE BASE64 [COMMENT]". -1 when it is none, leaving *k empty. */
int pubkey_parse(const char *text, struct pubkey *k);

/* From a blob in base64, as agent_list() gives it. */
int pubkey_parse_blob(const char *blob, struct pubkey *k);

void pubkey_clear(struct pubkey *k);

/* NULL when k can be used at now_s (seconds since 1970), else why not: "is for
 * a host", "has expired", "is not valid yet". */
const char *pubkey_unusable(const struct pubkey *k, uint64_t now_s);

/* The base64 of len bytes, allocated. */
char *pubkey_base64(const unsigned char *p, size_t len);

/* The bytes of a base64 text, allocated, and their count; NULL when it is none. */
unsigned char *pubkey_bytes(const char *base64, size_t *len);

#endif
