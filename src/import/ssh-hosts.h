/* ssh-hosts: the hosts that ~/.ssh/config names. What holds for them, ssh itself
 * is asked: see ssh-config.h. */
#ifndef DOCKTETHER_IMPORT_SSH_HOSTS_H
#define DOCKTETHER_IMPORT_SSH_HOSTS_H

#include "base/err.h"
#include "base/mem.h"

#include <stdbool.h>

/* The words of all `Host` lines that are no patterns, each once, in their order.
 * Include is followed, except below Match. At most 500 hosts out of 256 files
 * of 1 MiB; *more tells that there were others. A file that is not there has
 * none; what cannot be read is an error. *hosts must be empty. */
int ssh_hosts_list(struct strv *hosts, bool *more, struct err *e);

#endif
