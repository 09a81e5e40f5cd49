#include "cli/command.h"

#include "base/suggest.h"

#include <string.h>

const struct command *command_find(const char *name)
{
    size_t count;
    const struct command *table = command_table(&count);

    for (size_t i = 0; i < count; i++)
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    return NULL;
}

const struct command *command_get(const char *name, struct err *e)
{
    const struct command *c = command_find(name);
    size_t count;
    const struct command *table = command_table(&count);

    if (c != NULL)
        return c;
    err_set(e, ERR_USAGE, "", "unknown command \"%s\"", name);
    for (size_t i = 0; i < count; i++) {
        if (suggest_likely(name, table[i].name)) {
            err_hint(e, "did you mean \"%s\"? docktether help lists all commands", table[i].name);
            return NULL;
        }
    }
    command_hint(NULL, e);
    return NULL;
}

void command_hint(const struct command *c, struct err *e)
{
    if (e->hint[0] != '\0')
        return;
    if (c != NULL)
        err_hint(e, "docktether help %s", c->name);
    else
        err_hint(e, "docktether help");
}

static int check_count(const struct command *c, const struct args *args, struct err *e)
{
    if (args->count < c->min)
        return err_set(e, ERR_USAGE, c->name, "missing argument; usage: docktether %s %s", c->name,
                       c->operands);
    if (args->count > c->max)
        return err_set(e, ERR_USAGE, c->name, "unexpected argument \"%s\"", args->operands[c->max]);
    return 0;
}

int command_parse(const struct command *c, struct args *args, int argc, char **argv, struct err *e)
{
    int rc = args_parse(args, c->options, c->runs_command, argc, argv, e);

    if (rc == 0 && !args->help)
        rc = check_count(c, args, e);
    if (rc != 0)
        command_hint(c, e);
    return rc;
}
