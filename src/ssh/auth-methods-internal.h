/* auth-methods-internal: the names of libssh's flags. */
#ifndef DOCKTETHER_SSH_AUTH_METHODS_INTERNAL_H
#define DOCKTETHER_SSH_AUTH_METHODS_INTERNAL_H

#include <stddef.h>

/* SSH_AUTH_METHOD_*, for people: "password, keyboard-interactive"; "another method"
 * when libssh knows none of them. Returns buf. */
const char *auth_methods_names(int flags, char *buf, size_t size);

#endif
