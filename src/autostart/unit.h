/* unit: names and texts of a profile's units for a service manager. The texts are the
 * templates of contrib/, which `make install` installs too. */
#ifndef DOCKTETHER_AUTOSTART_UNIT_H
#define DOCKTETHER_AUTOSTART_UNIT_H

#include "base/err.h"

/* systemd's templates. */
#define UNIT_SERVICE "docktether@.service"
#define UNIT_SOCKET "docktether@.socket"

/* "docktether@NAME.SUFFIX" with the name escaped as by systemd-escape, allocated;
 * ERR_FAILED when it is longer than systemd takes. */
char *unit_name(const char *profile, const char *suffix, struct err *e);

/* Allocated. program is an absolute path. */
char *unit_service_text(const char *program);
char *unit_socket_text(void);

/* "docktether.NAME", and launchd's description of it; allocated. */
char *unit_label(const char *profile);
char *unit_plist_text(const char *profile, const char *program, const char *log);

/* The path of this program at the next login: the installed path, otherwise the current one.
 * Allocated. */
char *unit_program(struct err *e);

#endif
