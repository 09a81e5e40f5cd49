/* libssh: libssh's own headers. Nothing outside this folder includes them. */
#ifndef DOCKTETHER_SSH_LIBSSH_H
#define DOCKTETHER_SSH_LIBSSH_H

/* Without the names of libssh 0.4: channel_close() and others are functions of
 * ours. All symbols except those of compat.c are hidden, so they never meet. */
#define LIBSSH_LEGACY_0_4
#include <libssh/callbacks.h>
#include <libssh/libssh.h>

#endif
