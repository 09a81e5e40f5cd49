#include "cli/help.h"

#include "base/progname.h"

#include <stdlib.h>

static const struct {
    enum command_group group;
    const char *title;
} groups[] = {
    { COMMAND_PROFILES, "Profiles" },
    { COMMAND_TETHERS, "Tethers" },
    { COMMAND_DOCKER, "Docker" },
    { COMMAND_OTHER, "Other" },
};

static const char exit_codes[] = "Exit status:\n"
                                 "  0  done\n"
                                 "  1  failed for another reason\n"
                                 "  2  wrong usage\n"
                                 "  3  no such profile, or the store cannot be read\n"
                                 "  4  host key not pinned, or not the pinned one\n"
                                 "  5  authentication refused\n"
                                 "  6  cannot be reached: name, TCP, timeout\n"
                                 "  7  reached, but the remote Docker socket cannot be used\n"
                                 "  8  refused by the profile's own policy\n";

/* Text that is printed between begin() and end() gets the program name that the user typed. */
static FILE *begin(char **text, size_t *len)
{
    FILE *f = open_memstream(text, len);

    if (f == NULL)
        abort(); /* no memory for a page of text */
    return f;
}

static void end(FILE *f, char **text, FILE *out)
{
    fclose(f);
    char *typed = progname_text(*text);
    fputs(typed, out);
    free(typed);
    free(*text);
}

static void overview(FILE *out)
{
    size_t count;
    const struct command *table = command_table(&count);

    fputs("Usage: docktether COMMAND [OPTION...] [OPERAND...]\n"
          "\n"
          "Makes remote Docker hosts available as local sockets. Each host has one SSH\n"
          "connection, which logs in with a key and trusts only pinned host keys.\n",
          out);
    for (size_t g = 0; g < sizeof groups / sizeof *groups; g++) {
        fprintf(out, "\n%s:\n", groups[g].title);
        for (size_t i = 0; i < count; i++)
            if (table[i].group == groups[g].group)
                fprintf(out, "  %-12s%s\n", table[i].name, table[i].summary);
    }
    fprintf(out,
            "\nFirst steps:\n"
            "  docktether create prod ssh://deploy@prod.example.com\n"
            "  docktether use prod\n"
            "  docker ps\n"
            "\n%s"
            "\nFor the options of a command: docktether help COMMAND\n",
            exit_codes);
}

void help_overview(FILE *out)
{
    char *text;
    size_t len;
    FILE *f = begin(&text, &len);

    overview(f);
    end(f, &text, out);
}

static void print_option(const struct args_option *o, FILE *out)
{
    char letter[8] = "    ";

    if (o->letter != 0)
        snprintf(letter, sizeof letter, "-%c, ", o->letter);
    fprintf(out, "  %s--%s%s%s\n          %s\n", letter, o->name, o->value != NULL ? " " : "",
            o->value != NULL ? o->value : "", o->help);
}

static void describe(const struct command *c, FILE *out)
{
    static const struct args_option help = { "help", 'h', NULL, "show this help" };

    fprintf(out, "Usage: docktether %s [OPTION...]%s%s\n\n%s\n", c->name, *c->operands ? " " : "",
            c->operands, c->summary);
    if (c->details != NULL)
        fprintf(out, "\n%s", c->details);
    fputs("\nOptions:\n", out);
    for (const struct args_option *o = c->options; o != NULL && o->name != NULL; o++)
        print_option(o, out);
    print_option(&help, out);
}

void help_command(const struct command *c, FILE *out)
{
    char *text;
    size_t len;
    FILE *f = begin(&text, &len);

    describe(c, f);
    end(f, &text, out);
}
