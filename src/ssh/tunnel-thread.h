/* tunnel-thread: a TCP connection that the server of a session makes, as a descriptor
 * here, kept going by a thread of its own.
 *
 * For callers that block and have no event loop, such as doctor, which reaches one
 * session through another. */
#ifndef DOCKTETHER_SSH_TUNNEL_THREAD_H
#define DOCKTETHER_SSH_TUNNEL_THREAD_H

#include "base/err.h"
#include "ssh/session.h"
#include "ssh/wait.h"

#include <stdint.h>

struct tunnel_thread;

/* Blocks until the server has connected to host:port, or refused
 * (ERR_UNREACHABLE, layer "TCP"). *fd is then the caller's (non-blocking,
 * close-on-exec). From here until tunnel_thread_free() the session is the thread's. */
struct tunnel_thread *tunnel_thread_open(struct session *s, const char *host, int64_t port,
                                         const struct wait *w, int *fd, struct err *e);

/* Ends the thread; the session is the caller's again. b may be NULL. */
void tunnel_thread_free(struct tunnel_thread *b);

#endif
