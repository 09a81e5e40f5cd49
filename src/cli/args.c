#include "cli/args.h"

#include "base/mem.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#define OPTIONS_MAX 24
#define LONG_BASE 256 /* values of options in getopt's table begin here, after all letters */
#define HELP_VALUE (LONG_BASE + OPTIONS_MAX)

/* getopt's own tables of a command's options. The leading ':' of letters asks
 * for ':' where a value is missing, '-' for operands in their place (so that
 * POSIXLY_CORRECT changes nothing), '+' for an end at the first operand. */
struct getopt_table {
    char letters[2 * OPTIONS_MAX + 8];
    struct option longs[OPTIONS_MAX + 2];
};

static void build(struct getopt_table *t, const struct args_option *options, bool stop_at_operand)
{
    size_t n = 0, used = 0;

    t->letters[used++] = stop_at_operand ? '+' : '-';
    t->letters[used++] = ':';
    t->letters[used++] = 'h';
    for (; options != NULL && options[n].name != NULL; n++) {
        if (n >= OPTIONS_MAX)
            abort(); /* the table in command.c outgrew us */
        t->longs[n] = (struct option){
            .name = options[n].name,
            .has_arg = options[n].value ? required_argument : no_argument,
            .val = LONG_BASE + (int)n,
        };
        if (options[n].letter == 0)
            continue;
        t->letters[used++] = options[n].letter;
        if (options[n].value != NULL)
            t->letters[used++] = ':';
    }
    t->letters[used] = '\0';
    t->longs[n++] = (struct option){ .name = "help", .has_arg = no_argument, .val = HELP_VALUE };
    t->longs[n] = (struct option){ .name = NULL };
}

static const struct args_option *by_code(const struct args_option *options, int code)
{
    if (options == NULL)
        return NULL;
    if (code >= LONG_BASE && code < HELP_VALUE)
        return &options[code - LONG_BASE];
    for (; options->name != NULL; options++)
        if (options->letter != 0 && options->letter == code)
            return options;
    return NULL;
}

static void add_operand(struct args *a, const char *operand)
{
    a->operands = mem_resize(a->operands, a->count + 1, sizeof *a->operands);
    a->operands[a->count++] = operand;
}

static void add_given(struct args *a, const struct args_option *option, const char *value)
{
    a->given = mem_resize(a->given, a->given_count + 1, sizeof *a->given);
    a->given[a->given_count++] = (struct args_given){ .option = option, .value = value };
}

/* getopt answered ':' or '?'; typed is the argument it had in hand. */
static int refuse(const char *verb, const struct args_option *options, int answer, const char *typed,
                  struct err *e)
{
    const struct args_option *o = by_code(options, optopt);

    if (answer == ':' && o != NULL)
        return err_set(e, ERR_USAGE, verb, "option --%s needs a value (%s)", o->name, o->value);
    if ((o != NULL && optopt >= LONG_BASE) || optopt == HELP_VALUE)
        return err_set(e, ERR_USAGE, verb, "option --%s takes no value", o != NULL ? o->name : "help");
    if (optopt != 0)
        return err_set(e, ERR_USAGE, verb, "unknown option -%c", optopt);
    return err_set(e, ERR_USAGE, verb, "unknown option %.*s", (int)strcspn(typed, "="), typed);
}

int args_parse(struct args *a, const struct args_option *options, bool stop_at_operand, int argc, char **argv,
               struct err *e)
{
    struct getopt_table table;
    int code;

    build(&table, options, stop_at_operand);
    optind = 0; /* glibc and musl: begin anew */
    opterr = 0;
    while ((code = getopt_long(argc, argv, table.letters, table.longs, NULL)) != -1) {
        if (code == 1)
            add_operand(a, optarg);
        else if (code == 'h' || code == HELP_VALUE)
            a->help = true;
        else if (code == ':' || code == '?')
            return refuse(argv[0], options, code, argv[optind > 0 ? optind - 1 : 0], e);
        else
            add_given(a, by_code(options, code), optarg);
    }
    for (int i = optind; i < argc; i++)
        add_operand(a, argv[i]);
    return 0;
}

void args_clear(struct args *a)
{
    free(a->given);
    free(a->operands);
    a->given = NULL;
    a->operands = NULL;
    a->given_count = a->count = 0;
}

const char *args_next(const struct args *a, const char *name, size_t *at)
{
    while (*at < a->given_count) {
        const struct args_given *g = &a->given[(*at)++];
        if (strcmp(g->option->name, name) == 0)
            return g->value != NULL ? g->value : "";
    }
    return NULL;
}

const char *args_value(const struct args *a, const char *name)
{
    const char *value, *last = NULL;
    size_t at = 0;

    while ((value = args_next(a, name, &at)) != NULL)
        last = value;
    return last;
}

bool args_has(const struct args *a, const char *name)
{
    return args_value(a, name) != NULL;
}

int args_json(const struct args *a, bool *json, struct err *e)
{
    const char *format = args_value(a, "format");

    *json = format != NULL && strcmp(format, "json") == 0;
    if (format == NULL || *json || strcmp(format, "table") == 0)
        return 0;
    return err_set(e, ERR_USAGE, "", "unknown format \"%s\": use table or json", format);
}
