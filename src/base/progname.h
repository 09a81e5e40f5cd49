/* progname: the name under which the program was started. As `docker-tether` it is a plugin
 * of Docker's CLI, and people type its commands as `docker tether up`. */
#ifndef DOCKTETHER_BASE_PROGNAME_H
#define DOCKTETHER_BASE_PROGNAME_H

#include <stdbool.h>

/* The program's name as a plugin of Docker's CLI. */
#define PLUGIN_NAME "tether"
#define PLUGIN_FILE "docker-" PLUGIN_NAME

bool progname_is_plugin(void);

/* "docktether" or "docker tether" */
const char *progname(void);

/* The text, with each docktether command in it as the user has to type it; allocated. */
char *progname_text(const char *text);

/* The verbs that progname_text() knows, NULL-terminated. */
const char *const *progname_verbs(void);

#endif
