/* shell-lines: commands for the user's shell to evaluate. */
#ifndef DOCKTETHER_UI_SHELL_LINES_H
#define DOCKTETHER_UI_SHELL_LINES_H

#include "base/err.h"

enum shell { SHELL_SH, SHELL_FISH, SHELL_CSH, SHELL_PWSH };

/* A shell by its name ("bash" and its kin are sh, "tcsh" is csh, "powershell" is pwsh). */
int shell_lines_parse(const char *name, enum shell *shell, struct err *e);

/* The shell that $SHELL names; sh if it is unknown. */
enum shell shell_lines_detect(void);

/* One command with its ';' and no newline, allocated. The value is quoted so
 * that the shell takes every byte of it as it is. */
char *shell_lines_export(enum shell shell, const char *variable, const char *value);
char *shell_lines_unset(enum shell shell, const char *variable);

/* A line that shows how to evaluate the output of `command`, and that the shell ignores.
 * Allocated. */
char *shell_lines_usage(enum shell shell, const char *command);

#endif
