/* interposed: whether libssh calls the functions that stand in for its own (compat.c), and the
 * one answer that is given in place of its own.
 *
 * A symbol of the executable comes first in the dynamic linker's search, unless the library was
 * linked with -Bsymbolic, with -Bsymbolic-functions (Ubuntu's default) or statically. So it is
 * looked at in each session, and each part of docktether works without.
 *
 * All state belongs to the calling thread: libssh calls back in the thread that called it. */
#ifndef DOCKTETHER_SSH_INTERPOSED_H
#define DOCKTETHER_SSH_INTERPOSED_H

#include "ssh/libssh.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum interposed {
    INTERPOSED_LENGTH = 1,  /* ssh_buffer_get_len(): libssh asks it for each packet */
    INTERPOSED_LOGIN = 2,   /* ssh_service_request(): at each login */
    INTERPOSED_VERSION = 4, /* ssh_get_openssh_version(): when a streamlocal channel is opened */
};

/* A function of ours was called. */
void interposed_called(enum interposed which);

/* libssh had occasion to call it in this thread: its bit in *missing is set if it never did. */
void interposed_check(enum interposed which, unsigned *missing);

/* Finds out without a session, by a call of libssh that asks for a buffer's length. */
bool interposed_probe(void);

/* What the bits of `missing` cost, as one sentence for people; "" when nothing is missing. */
const char *interposed_cost(unsigned missing, char *buf, size_t size);

/* The answer to libssh's question for the length of a buffer, whose true length is len. */
uint32_t interposed_length(ssh_buffer buffer, uint32_t len);

/* Within a data callback that was given these bytes, of which len wait: the next question for
 * the length of their buffer is answered with `answer` when the true one is `expect`. False
 * where libssh does not ask as it is known to, and then nothing is answered. */
bool interposed_answer(const void *data, uint32_t len, uint32_t expect, uint32_t answer);

#endif
