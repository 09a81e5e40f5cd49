/* subshell: how a shell is started so that it reads the user's own files, uses a profile
 * after them, and shows in its prompt what docker uses. */
#ifndef DOCKTETHER_CLI_SUBSHELL_H
#define DOCKTETHER_CLI_SUBSHELL_H

#include "base/err.h"
#include "store/profile.h"

/* Set within: the name of the profile that the shell was started for. */
#define SUBSHELL_VARIABLE "DOCKTETHER_SHELL"

/* That name where this process runs within such a shell, else NULL. The shell may use
 * another profile by now. */
const char *subshell_outer(void);

/* Within a shell for a profile other than name, says so on a terminal: `what` is the part
 * of the sentence that name follows, "this command uses". */
void subshell_note_outer(const char *name, const char *what);

/* The user's shell: $SHELL, else that of the password database, else /bin/sh.
 * Allocated. */
char *subshell_path(void);

/* The arguments for a shell at path, allocated and NULL-terminated. The environment
 * of this process is changed for the shell; its startup files are written to the runtime
 * directory. bash, zsh, fish and shells that read
 * ENV as POSIX has it get a mark in their prompt, made anew each time by `show --prompt`;
 * others get the environment alone. */
char **subshell_prepare(const char *path, const struct profile *p, struct err *e);
void subshell_free(char **argv);

#endif
