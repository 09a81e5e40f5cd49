/* args: the options and operands after the command's name.
 *
 * Each command has a table of its options; -h and --help belong to every
 * command. Strings point into argv. */
#ifndef DOCKTETHER_CLI_ARGS_H
#define DOCKTETHER_CLI_ARGS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* A table of options ends with an entry without a name. */
struct args_option {
    const char *name;  /* the long form, without the dashes */
    char letter;       /* the short form, or 0 */
    const char *value; /* the name of its value in help; NULL: a switch */
    const char *help;  /* one line, without a full stop */
};

struct args_given {
    const struct args_option *option;
    const char *value; /* NULL for a switch */
};

struct args {
    struct args_given *given; /* in the order of the command line */
    size_t given_count;
    const char **operands;
    size_t count;
    bool help;            /* -h or --help was among them */
    bool sigpipe_ignored; /* by the parent process; `exec` passes it on */
};

/* argv[0] is the verb. With stop_at_operand everything after the first operand
 * is an operand too, whatever it looks like. ERR_USAGE for an unknown option, a
 * missing value, or a value that a switch does not take. */
int args_parse(struct args *a, const struct args_option *options, bool stop_at_operand, int argc, char **argv,
               struct err *e);
void args_clear(struct args *a);

bool args_has(const struct args *a, const char *name);

/* The last value given for the option, or NULL. */
const char *args_value(const struct args *a, const char *name);

/* The values of a repeatable option, one a call: begin with *at == 0. NULL
 * after the last. */
const char *args_next(const struct args *a, const char *name, size_t *at);

/* --format table|json. */
int args_json(const struct args *a, bool *json, struct err *e);

#endif
