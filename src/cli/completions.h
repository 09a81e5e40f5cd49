/* completions: the words that fit where one is being completed. */
#ifndef DOCKTETHER_CLI_COMPLETIONS_H
#define DOCKTETHER_CLI_COMPLETIONS_H

#include "base/mem.h"
#include "cli/command.h"

#include <stdbool.h>
#include <stddef.h>

#define OFFER_NO_COMMAND ((size_t)-1)

/* Further instructions for the shell, with the numbers of cobra. */
enum complete_directive { COMPLETE_FILES = 0, COMPLETE_NO_SPACE = 2, COMPLETE_NO_FILES = 4 };

struct completions {
    const char *partial; /* the word in hand */
    size_t lead;         /* so much of it stands before what is being completed: "--set=" */
    const struct command *command;
    struct strv operands;           /* that stand before it */
    struct strv given;              /* names of options that do */
    const struct args_option *asks; /* the option whose value the word is, or NULL */
    bool only_operands;             /* a -- stood before */
    struct strv words, notes;
    unsigned directive;
    size_t command_at; /* index of the word at which the command of exec begins */
};

/* Adds the word if it begins with the typed text; note may be NULL. */
void completions_word(struct completions *c, const char *word, const char *note);

void completions_commands(struct completions *c);

/* True when the option (its long form) stands on the line already. */
bool completions_is_given(const struct completions *c, const char *option);

/* The next operand of c->command, the value of c->asks, an option of the command. */
void completions_operand(struct completions *c);
void completions_value(struct completions *c);
void completions_options(struct completions *c);

#endif
