/* private-runtime: the files of a tether that serves one command and is in no
 * directory that others look into. */
#ifndef DOCKTETHER_CONTROL_PRIVATE_RUNTIME_H
#define DOCKTETHER_CONTROL_PRIVATE_RUNTIME_H

#include "store/runtime.h"

/* As runtime_init(), below a new directory of mode 0700 that is made here, for one tether
 * that no other command finds. It is in the runtime directory where the login
 * has one ($XDG_RUNTIME_DIR, /run/user/UID) and that exists; else, as in a container
 * without a home, in $TMPDIR or /tmp: no other user can enter or replace it, and its path is
 * short. Such directories in the runtime directory whose tether is gone are removed. */
int private_runtime_init(struct runtime *rt, struct err *e);

/* Removes what private_runtime_init() made with all that is in it. A second
 * call finds nothing to do. */
void private_runtime_discard(const struct runtime *rt);

#endif
