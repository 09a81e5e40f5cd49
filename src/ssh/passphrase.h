/* passphrase: the question for the passphrase of a key file. */
#ifndef DOCKTETHER_SSH_PASSPHRASE_H
#define DOCKTETHER_SSH_PASSPHRASE_H

#include "base/err.h"

#include <stddef.h>

/* Asks the user for the passphrase of `file`. Writes at most size bytes with
 * the terminator and returns 0; 1 when there is nobody to ask (or the user
 * gave up), -1 on an error. */
typedef int (*passphrase_ask_fn)(void *user, const char *file, int attempt, char *buf, size_t size,
                                 struct err *e);

#endif
