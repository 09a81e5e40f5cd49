/* ssh-hosts: the hosts that ~/.ssh/config names. Their values ssh itself is asked for:
 * see ssh-config.h. */
#ifndef DOCKTETHER_IMPORT_SSH_HOSTS_H
#define DOCKTETHER_IMPORT_SSH_HOSTS_H

#include "base/err.h"
#include "base/mem.h"

#include <stdbool.h>

/* What was not read. */
struct ssh_hosts_left {
    bool more;        /* beyond the limits */
    bool below_match; /* files that are included below a Match other than `Match all` */
};

/* The words of all `Host` lines that are no patterns, each once, in their order.
 * Include is followed, except below a Match that may not hold. At most 500 hosts out of
 * 256 files of 1 MiB. A file that is not there has none, and a folder neither; a file
 * that cannot be read is an error. *hosts must be empty. */
int ssh_hosts_list(struct strv *hosts, struct ssh_hosts_left *left, struct err *e);

#endif
