#ifndef BENCH_ADDRESS_H
#define BENCH_ADDRESS_H

/* Where a load goes: the path of a unix socket, or HOST:PORT in numbers. What
 * fails is told on stderr; nothing here ends the process. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct address {
    struct sockaddr_storage at;
    socklen_t len;
};

/* Nanoseconds of a clock that only goes forward. */
int64_t now_ns(void);

/* False with a message when it is neither. */
bool address_parse(struct address *a, const char *text);

/* A new connected socket, or -1 with errno. A full queue of a unix socket's
 * listener is waited for; extra are flags for socket(2). */
int address_connect(const struct address *a, int extra);

/* Raises the limit of descriptors as far as it goes. */
void raise_descriptors(void);

/* All of it; false when the other end has gone. */
bool write_all(int fd, const void *data, uint64_t len);

#endif
