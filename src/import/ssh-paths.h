/* ssh-paths: the paths that ssh prints, for a program whose home is $HOME. */
#ifndef DOCKTETHER_IMPORT_SSH_PATHS_H
#define DOCKTETHER_IMPORT_SSH_PATHS_H

#include "base/mem.h"

#include <stdbool.h>

bool ssh_path_is_file(const char *path);

/* As a profile holds it, allocated: ~/ for a path in the home directory, that of ssh (of
 * the password database) or ours. */
char *ssh_path_own(const char *path);

/* The configuration file for `ssh -F`, allocated, where $HOME is another home than
 * ssh's: "none" when there is none. NULL: ssh chooses as docktether does. */
char *ssh_path_config(void);

/* The paths of a line of `ssh -G`, which prints them with blanks between, and a path
 * that holds blanks without quotes. *paths must be empty. */
void ssh_paths_split(const char *list, struct strv *paths);

#endif
