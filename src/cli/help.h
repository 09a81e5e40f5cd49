/* help: the table of commands, for people. */
#ifndef DOCKTETHER_CLI_HELP_H
#define DOCKTETHER_CLI_HELP_H

#include "cli/command.h"

#include <stdio.h>

void help_overview(FILE *out);
void help_command(const struct command *c, FILE *out);

#endif
