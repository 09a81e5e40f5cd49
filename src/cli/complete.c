#include "cli/complete.h"

#include "base/mem.h"
#include "cli/completions.h"

#include <stdio.h>
#include <string.h>

static const struct args_option *find_long(const struct command *command, const char *name, size_t len)
{
    for (const struct args_option *o = command->options; o != NULL && o->name != NULL; o++)
        if (strlen(o->name) == len && strncmp(o->name, name, len) == 0)
            return o;
    return NULL;
}

static const struct args_option *find_short(const struct command *command, char letter)
{
    for (const struct args_option *o = command->options; o != NULL && o->name != NULL; o++)
        if (o->letter != 0 && o->letter == letter)
            return o;
    return NULL;
}

static void read_option(struct completions *c, const char *word)
{
    const struct args_option *o;

    if (word[1] == '-') {
        size_t len = strcspn(word + 2, "=");
        o = find_long(c->command, word + 2, len);
        if (o != NULL)
            strv_add(&c->given, o->name);
        c->asks = o != NULL && o->value != NULL && word[2 + len] == '\0' ? o : NULL;
        return;
    }
    for (const char *p = word + 1; *p != '\0'; p++) {
        o = find_short(c->command, *p);
        if (o == NULL)
            return;
        strv_add(&c->given, o->name);
        if (o->value != NULL) { /* the rest is its value, or the next word */
            c->asks = p[1] == '\0' ? o : NULL;
            return;
        }
    }
}

/* `exec --url URL` has no NAME before its command. */
static bool has_target(const struct completions *c)
{
    return c->operands.count > 0 || completions_is_given(c, "url");
}

/* Reads the words between the command and the last one as getopt will. */
static void read_words(struct completions *c, char *const *words, size_t count)
{
    bool runs = c->command->runs_command;

    for (size_t i = 1; i < count; i++) {
        const char *word = words[i];
        bool option = !c->only_operands && c->operands.count == 0 && word[0] == '-' && word[1] != '\0';
        if (c->asks != NULL) {
            c->asks = NULL;
        } else if (runs && has_target(c) && (!option || strcmp(word, "--") == 0)) {
            c->command_at = i + (strcmp(word, "--") == 0);
            return;
        } else if (!c->only_operands && strcmp(word, "--") == 0) {
            c->only_operands = true;
        } else if (!c->only_operands && word[0] == '-' && word[1] != '\0') {
            read_option(c, word);
        } else {
            strv_add(&c->operands, word);
        }
    }
    if (runs && c->asks == NULL && has_target(c) && (c->operands.count > 0 || c->partial[0] != '-'))
        c->command_at = count;
}

static void complete_word(struct completions *c)
{
    const char *equals = strchr(c->partial, '=');

    if (c->command_at != OFFER_NO_COMMAND) {
        c->directive = COMPLETE_FILES;
    } else if (c->asks != NULL) {
        completions_value(c);
    } else if (c->only_operands || c->partial[0] != '-') {
        completions_operand(c);
    } else if (strncmp(c->partial, "--", 2) == 0 && equals != NULL) {
        c->asks = find_long(c->command, c->partial + 2, (size_t)(equals - c->partial - 2));
        c->lead = (size_t)(equals + 1 - c->partial);
        if (c->asks != NULL && c->asks->value != NULL)
            completions_value(c);
    } else {
        completions_options(c);
        if (c->partial[1] == '\0')
            completions_operand(c); /* the - of `use -` */
    }
}

static void print(const struct completions *c, const struct complete_options *options)
{
    for (size_t i = 0; i < c->words.count; i++) {
        const char *note = options->bare ? "" : c->notes.items[i];
        printf("%s%s%s\n", c->words.items[i], *note != '\0' ? "\t" : "", note);
    }
    if (c->command_at != OFFER_NO_COMMAND && !options->for_cobra)
        printf(":command %zu\n", c->command_at);
    else
        printf(":%u\n", c->directive);
}

void complete_print(char *const *words, size_t count, const struct complete_options *options)
{
    struct completions c = { .partial = count > 0 ? words[count - 1] : "",
                             .directive = COMPLETE_NO_FILES,
                             .command_at = OFFER_NO_COMMAND };

    if (count <= 1) {
        completions_commands(&c);
        if (c.partial[0] == '-') {
            completions_word(&c, "--help", "show help");
            completions_word(&c, "--version", "print the version");
        }
    } else if ((c.command = command_find(words[0])) != NULL) {
        read_words(&c, words, count - 1);
        complete_word(&c);
    }
    print(&c, options);
    strv_clear(&c.words);
    strv_clear(&c.notes);
    strv_clear(&c.operands);
    strv_clear(&c.given);
}
