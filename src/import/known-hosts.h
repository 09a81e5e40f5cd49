/* known-hosts: why a known_hosts file gives no pins. */
#ifndef DOCKTETHER_IMPORT_KNOWN_HOSTS_H
#define DOCKTETHER_IMPORT_KNOWN_HOSTS_H

#include "base/err.h"

/* -1 with a reason and a hint when the file at path is there and cannot be read as
 * text: no permission, or UTF-16, which ssh does not read either. */
int known_hosts_check(const char *path, struct err *e);

#endif
