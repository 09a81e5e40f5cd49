/* pinlist: host keys as other programs write them, read as pins. */
#ifndef DOCKTETHER_SSH_PINLIST_H
#define DOCKTETHER_SSH_PINLIST_H

#include "base/err.h"
#include "store/pin.h"

#include <stdint.h>

#define PINLIST_MAX (1024 * 1024) /* bytes; callers that read the text should stop there */

/* Adds every key that text (terminated) names for host:port. Each line is one of:
 *
 *   known_hosts       "host ssh-ed25519 AAAA...", hashed too, as ssh-keyscan prints it
 *   a public key      "ssh-ed25519 AAAA... comment", a .pub file
 *   ssh-keygen -l     "256 SHA256:... comment (ED25519)"
 *   a pin             "ssh-ed25519 SHA256:..."
 *   SSHFP             "host IN SSHFP 4 2 HEX" of ssh-keygen -r or dig, "4 2 HEX" of dig +short
 *
 * Empty lines and those that begin with # or ; are passed over, and so are
 * @cert-authority lines, keys of types that cannot be pinned, and SSHFP records
 * of SHA-1. A key that a @revoked line has is never added, however it is named.
 * Where a line names a host, it must be this one; names of DNS match without
 * regard to case and a final dot. An SSHFP record of ECDSA does not tell the
 * curve: all three are pinned, of which only one key in the world can match.
 *
 * A line that is none of these, or broken, is ERR_USAGE with its number; no key
 * for this host at all is ERR_HOSTKEY. pins is unchanged then. `source` is what
 * messages call the text. */
int pinlist_read(const char *source, const char *text, const char *host, int64_t port, struct pins *pins,
                 struct err *e);

#endif
