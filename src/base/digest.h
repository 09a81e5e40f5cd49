/* digest: SHA-256, by libcrypto. */
#ifndef DOCKTETHER_BASE_DIGEST_H
#define DOCKTETHER_BASE_DIGEST_H

#include <stddef.h>

#define DIGEST_HEX_SIZE 65

/* Lower-case hex of the SHA-256 of len bytes, terminated. Aborts when
 * libcrypto has no SHA-256. */
void digest_sha256_hex(const void *data, size_t len, char out[DIGEST_HEX_SIZE]);

#endif
