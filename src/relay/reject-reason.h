/* reject-reason: the words for a client that is not served. Each fills e. */
#ifndef DOCKTETHER_RELAY_REJECT_REASON_H
#define DOCKTETHER_RELAY_REJECT_REASON_H

#include "base/err.h"
#include "store/profile.h"

#include <stdbool.h>
#include <stdint.h>

/* There is no session; why is what the tether knows of that (ERR_NONE: nothing
 * yet). stream: the client is another tether. */
void reject_reason_down(const struct profile *p, bool stream, const struct err *why, struct err *e);

/* The server did not open a stream to host:port; words are its own, or "". */
void reject_reason_stream(const struct profile *p, const char *host, int64_t port, const char *words,
                          struct err *e);

/* The remote socket (NULL: only the command knows it) was not reached by the
 * command, or by forwarding (NULL). */
void reject_reason_socket(const struct profile *p, const char *socket, const char *command, const char *words,
                          struct err *e);

#endif
