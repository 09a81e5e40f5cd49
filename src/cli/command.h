/* command: the table of verbs. It alone drives dispatch, help and the checks of
 * what stands on the command line. */
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

/* In the order in which help shows them. */
const struct command *command_table(size_t *count);

/* NULL when there is none. */
const struct command *command_find(const char *name);

/* The same; ERR_USAGE, with what was probably meant, when there is none. */
const struct command *command_get(const char *name, struct err *e);

/* Parses what stands after the verb (argv[0] is the verb) and counts the
 * operands; with args->help they are not counted. ERR_USAGE with a hint. */
int command_parse(const struct command *c, struct args *args, int argc, char **argv, struct err *e);

/* Where wrong usage has no better hint. */
void command_hint(const struct command *c, struct err *e);

#endif
