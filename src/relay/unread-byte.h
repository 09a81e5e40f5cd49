/* unread-byte: reads a unix stream socket and leaves the last byte that it handed out
 * in the kernel's queue, until the next read.
 *
 * A unix socket that is closed while something in it is unread gives its peer
 * ECONNRESET after the last data, and not an end of file (Linux, af_unix.c,
 * unix_release_sock(); unix(7) does not mention it). There is no other way to
 * tell a client that its stream was cut and has not ended, and this one holds
 * even when the process is killed. */
#ifndef DOCKTETHER_RELAY_UNREAD_BYTE_H
#define DOCKTETHER_RELAY_UNREAD_BYTE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct unread_byte {
    bool kept; /* the first byte in the queue was handed out already */
};

/* Bytes that wait and were not handed out. */
size_t unread_byte_waiting(const struct unread_byte *u, int fd);

/* Up to room bytes (at most size - 1) that were not handed out before; they are
 * at *start, within buf. 0 when there are none now: whether more can come is not
 * known here, and poll(2) says readable all the time. -1 with errno. Does not
 * block. */
ssize_t unread_byte_read(struct unread_byte *u, int fd, char *buf, size_t size, size_t room, char **start);

/* Takes the byte that was left: from here on an end is an end of file. */
void unread_byte_take(struct unread_byte *u, int fd);

#endif
