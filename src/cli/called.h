/* called: under which name the program was started. As `docker-tether`, Docker's
 * CLI has it for a plugin, and its commands are typed `docker tether up`. */
#ifndef DOCKTETHER_CLI_CALLED_H
#define DOCKTETHER_CLI_CALLED_H

#include <stdbool.h>

bool called_by_docker(void);

/* "docktether" or "docker tether" */
const char *called_as(void);

/* The text with every command of ours in it as the user has to type it,
 * allocated. */
char *called_text(const char *text);

#endif
