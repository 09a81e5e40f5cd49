/* peer: somebody who listens at a unix socket of the home, takes one connection, sends
 * some bytes and hangs up. */
#ifndef DOCKTETHER_TESTS_FUZZ_PEER_H
#define DOCKTETHER_TESTS_FUZZ_PEER_H

#include <stddef.h>
#include <stdint.h>

struct peer;

/* data must outlive it. name is that of the socket in the home. */
struct peer *peer_start(const char *name, const uint8_t *data, size_t size);
const char *peer_path(const struct peer *p);

/* Waits for its end, which comes as well when nobody has connected. */
void peer_end(struct peer *p);

#endif
