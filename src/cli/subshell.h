/* subshell: how a shell is started so that it reads the user's own files, points at
 * a profile after them, and shows that in its prompt. */
#ifndef DOCKTETHER_CLI_SUBSHELL_H
#define DOCKTETHER_CLI_SUBSHELL_H

#include "base/err.h"
#include "store/profile.h"

/* Set within: the profile's name. */
#define SUBSHELL_VARIABLE "DOCKTETHER_SHELL"

/* The user's shell: $SHELL, else that of the password database, else /bin/sh.
 * Allocated. */
char *subshell_path(void);

/* The arguments for a shell at path, allocated and NULL-terminated. The environment
 * of this process becomes the shell's, what it reads at its start is written to
 * the runtime directory. bash, zsh, fish and what takes ENV as POSIX has it are
 * marked; others get the environment alone. */
char **subshell_prepare(const char *path, const struct profile *p, struct err *e);
void subshell_free(char **argv);

#endif
