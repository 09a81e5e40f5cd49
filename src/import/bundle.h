/* bundle: profiles as one text, to be carried to another machine. It names the
 * files of identities and holds no key.
 *
 *   docktether-profiles 1
 *   === bastion
 *   [ssh]
 *   host = bastion.example.com
 *   ...
 *   === prod
 *   ...
 *
 * Each part is a profile's file as docktether(5) has it, with every value that
 * is not the built-in default: docktether.ini of neither machine is in it. */
#ifndef DOCKTETHER_IMPORT_BUNDLE_H
#define DOCKTETHER_IMPORT_BUNDLE_H

#include "base/err.h"
#include "import/proposal.h"

#include <stddef.h>

#define BUNDLE_MAX (1024 * 1024) /* bytes */

/* Allocated. */
char *bundle_write(const struct profile *const *profiles, size_t count);

/* Reads all of it, as strictly as the store reads a file, or nothing: ERR_PROFILE
 * with source and line. At most 1000 profiles. from names their origin for people. */
int bundle_read(const char *source, const char *text, const char *from, struct proposals *list,
                struct err *e);

#endif
