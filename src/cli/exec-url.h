/* exec-url: `exec --url`: a tether that no profile stands for and that ends with
 * the command. */
#ifndef DOCKTETHER_CLI_EXEC_URL_H
#define DOCKTETHER_CLI_EXEC_URL_H

#include "base/err.h"
#include "cli/args.h"

/* The first given option that needs --url, or NULL. */
const char *exec_url_option(const struct args *a);

/* Runs argv (NULL-terminated) against the host of --url. The exit status is the
 * command's; -1 with an error when it was not started. *name is the host for error messages, allocated, or NULL. */
int exec_url_exec(const struct args *a, char *const *argv, char **name, struct err *e);

#endif
