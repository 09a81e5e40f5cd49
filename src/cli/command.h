/* command: the table of commands. Dispatch, help, completion and the checks of the command
 * line read it. */
#ifndef DOCKTETHER_CLI_COMMAND_H
#define DOCKTETHER_CLI_COMMAND_H

#include "base/err.h"
#include "cli/args.h"

#include <stdbool.h>
#include <stddef.h>

#define COMMAND_ANY ((size_t)-1)

enum command_group { COMMAND_PROFILES, COMMAND_TETHERS, COMMAND_DOCKER, COMMAND_OTHER };

struct command {
    const char *name;
    enum command_group group;
    const char *operands; /* as help shows them */
    size_t min, max;      /* how many; COMMAND_ANY: no limit */
    const char *summary;  /* one line, without a full stop */
    const char *details;  /* the long help: whole lines, or NULL */
    const struct args_option *options;
    bool names_profile; /* the first operand stands before its errors */
    bool runs_command;  /* options end at the first operand */
    int (*run)(const struct args *args, struct err *e);
};

/* In the order in which help shows them; command-table.c holds it. */
const struct command *command_table(size_t *count);

/* NULL when there is none. */
const struct command *command_find(const char *name);

/* The same; without one ERR_USAGE, with the command that was probably meant. */
const struct command *command_get(const char *name, struct err *e);

/* Parses the words after the command (argv[0] is the command) and counts the operands,
 * unless args->help is set. ERR_USAGE with a hint. */
int command_parse(const struct command *c, struct args *args, int argc, char **argv, struct err *e);

/* The hint for wrong usage that has no better one. */
void command_hint(const struct command *c, struct err *e);

#endif
