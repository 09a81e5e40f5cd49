/* wire-reader: numbers and strings as SSH writes them (RFC 4251 5), checked
 * against what is left. Pure. */
#ifndef DOCKTETHER_SSH_WIRE_READER_H
#define DOCKTETHER_SSH_WIRE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the caller's; at <= len. */
struct wire_reader {
    const unsigned char *p;
    size_t len, at;
};

/* Each moves on and returns true; false when the bytes end before. */
bool wire_number(struct wire_reader *r, size_t bytes, uint64_t *number); /* at most 8 bytes */
bool wire_string(struct wire_reader *r, const unsigned char **p, size_t *len);

void wire_put32(unsigned char *p, uint32_t v);

#endif
