#include "cli/complete.h"

#include "base/mem.h"
#include "cli/command.h"
#include "store/option.h"
#include "store/store.h"
#include "tether/client.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NO_COMMAND ((size_t)-1)

struct completion {
    const char *partial; /* the word in hand */
    size_t lead;         /* so much of it stands before what is being completed: "--set=" */
    const struct command *command;
    struct strv operands;           /* that stand before it */
    struct strv given;              /* names of options that do */
    const struct args_option *asks; /* the option whose value the word is, or NULL */
    bool only_operands;             /* a -- stood before */
    struct strv words, notes;
    unsigned directive;
    size_t command_at; /* index of the word at which somebody else's command begins */
};

static void offer(struct completion *c, const char *word, const char *note)
{
    if (strncmp(word, c->partial + c->lead, strlen(c->partial + c->lead)) != 0)
        return;
    char *whole = mem_printf("%.*s%s", (int)c->lead, c->partial, word);
    strv_add(&c->words, whole);
    strv_add(&c->notes, note != NULL ? note : "");
    free(whole);
}

static bool holds(const struct strv *v, const char *s)
{
    for (size_t i = 0; i < v->count; i++)
        if (strcmp(v->items[i], s) == 0)
            return true;
    return false;
}

/* Of all profiles those that are not on the line yet. */
static void offer_profiles(struct completion *c, bool running)
{
    struct strv names = { 0 };

    if (store_list(&names, NULL) == 0)
        for (size_t i = 0; i < names.count; i++) {
            if (holds(&c->operands, names.items[i]) || (running && !client_running(names.items[i])))
                continue;
            struct profile *p = store_load(names.items[i], NULL);
            offer(c, names.items[i], p != NULL ? p->description : NULL);
            profile_free(p);
        }
    strv_clear(&names);
}

static void offer_pins(struct completion *c)
{
    struct profile *p = c->operands.count > 0 ? store_load(c->operands.items[0], NULL) : NULL;
    char text[PIN_TEXT_SIZE];

    for (size_t i = 0; p != NULL && i < p->pins.count; i++) {
        pin_format(&p->pins.items[i], text);
        offer(c, text, NULL);
    }
    profile_free(p);
}

static void offer_commands(struct completion *c)
{
    size_t count;
    const struct command *table = command_table(&count);

    for (size_t i = 0; i < count; i++)
        offer(c, table[i].name, table[i].summary);
}

/* ---- words of the tables -------------------------------------------------- */

/* One alternative of what help says stands there: a word is meant literally, and
 * capitals stand for something. */
static void offer_alternative(struct completion *c, const char *what)
{
    bool creates = c->asks == NULL && strcmp(c->command->name, "create") == 0;

    if (strcmp(what, "NAME") == 0) {
        if (!creates) /* whose NAME is a new one */
            offer_profiles(c, strcmp(c->command->name, "down") == 0);
    } else if (strcmp(what, "FILE") == 0) {
        c->directive &= ~(unsigned)COMPLETE_NO_FILES;
    } else if (strcmp(what, "COMMAND") == 0) {
        offer_commands(c);
    } else if (strcmp(what, "URL") == 0) {
        offer(c, "ssh://", NULL);
        c->directive |= COMPLETE_NO_SPACE;
    } else if (islower((unsigned char)what[0]) || strcmp(what, "-") == 0) {
        offer(c, what, NULL);
    }
}

/* "table|json", "NAME", "known_hosts|FILE|-" */
static void offer_alternatives(struct completion *c, const char *text)
{
    while (*text != '\0') {
        size_t len = strcspn(text, "|");
        char *one = mem_printf("%.*s", (int)len, text);
        offer_alternative(c, one);
        free(one);
        text += len + (text[len] == '|');
    }
}

/* Rewrites "NAME [--] COMMAND..." and "NAME | default | -" as one word for each place,
 * "NAME" and "COMMAND...", or "NAME|default|-". */
static void split_places(const char *operands, struct strv *places)
{
    char *copy = mem_strdup(operands), *rest = copy, *word;
    bool joins = false;

    while ((word = strsep(&rest, " ")) != NULL) {
        size_t len = strlen(word);
        if (len > 0 && word[len - 1] == ']')
            word[len - 1] = '\0';
        word += word[0] == '[';
        if (strcmp(word, "|") == 0) {
            joins = true;
        } else if (joins && places->count > 0) {
            char **last = &places->items[places->count - 1];
            char *both = mem_printf("%s|%s", *last, word);
            free(*last);
            *last = both;
            joins = false;
        } else if (*word != '\0' && strcmp(word, "--") != 0) {
            strv_add(places, word);
        }
    }
    free(copy);
}

static bool repeats(const char *place)
{
    size_t len = strcspn(place, "|");

    return len > 3 && strncmp(place + len - 3, "...", 3) == 0;
}

static void offer_operand(struct completion *c)
{
    struct strv places = { 0 };
    size_t at = c->operands.count;

    split_places(c->command->operands, &places);
    if (at >= places.count && places.count > 0 && repeats(places.items[places.count - 1]))
        at = places.count - 1;
    if (at < places.count) {
        char *place = places.items[at];
        if (repeats(place)) {
            char *dots = place + strcspn(place, "|") - 3;
            memmove(dots, dots + 3, strlen(dots + 3) + 1);
        }
        offer_alternatives(c, place);
    }
    strv_clear(&places);
}

static void offer_options(struct completion *c)
{
    static const char repeatable[] = "(repeatable)";

    for (const struct args_option *o = c->command->options; o != NULL && o->name != NULL; o++) {
        char *word = mem_printf("--%s", o->name);
        if (!holds(&c->given, o->name) || strstr(o->help, repeatable) != NULL)
            offer(c, word, o->help);
        free(word);
    }
    offer(c, "--help", "this text");
}

/* ---- KEY=VALUE ------------------------------------------------------------ */

static void offer_key_values(struct completion *c, const struct option *o)
{
    switch (o->type) {
    case OPTION_CHOICE:
        for (size_t i = 0; o->choices[i] != NULL; i++)
            offer(c, o->choices[i], NULL);
        break;
    case OPTION_BOOL:
        offer(c, "yes", NULL);
        offer(c, "no", NULL);
        break;
    case OPTION_AGENT:
        offer(c, PROFILE_AGENT_YES, "the one at SSH_AUTH_SOCK");
        offer(c, PROFILE_AGENT_NO, NULL);
        c->directive &= ~(unsigned)COMPLETE_NO_FILES;
        break;
    case OPTION_NAME:
        offer_profiles(c, false);
        break;
    case OPTION_SOCKET:
        offer(c, PROFILE_DEFAULT_SOCKET, NULL);
        offer(c, PROFILE_AUTO_SOCKET, "the first that is found there");
        offer(c, PROFILE_NO_SOCKET, "only a way to other hosts");
        break;
    case OPTION_FILES:
        c->directive &= ~(unsigned)COMPLETE_NO_FILES;
        break;
    case OPTION_INT:
    case OPTION_DURATION:
        if (o->fallback != NULL && *o->fallback != '\0')
            offer(c, o->fallback, "the default");
        break;
    case OPTION_TEXT:
    case OPTION_HOST:
    case OPTION_USER:
    case OPTION_PINS:
        break;
    }
}

static void offer_assignment(struct completion *c)
{
    const char *value = c->partial + c->lead;
    const char *equals = strchr(value, '=');
    size_t count;
    const struct option *table = option_table(&count);

    if (equals != NULL) {
        char *key = mem_printf("%.*s", (int)(equals - value), value);
        const struct option *o = option_find(NULL, key);
        free(key);
        c->lead = (size_t)(equals + 1 - c->partial);
        if (o != NULL)
            offer_key_values(c, o);
        return;
    }
    c->directive |= COMPLETE_NO_SPACE;
    for (size_t i = 0; i < count; i++) {
        char *word = mem_printf("%s=", table[i].key);
        offer(c, word, table[i].help);
        free(word);
    }
}

static void offer_value(struct completion *c)
{
    const struct args_option *o = c->asks;

    if (strcmp(o->value, "KEY=VALUE") == 0)
        offer_assignment(c);
    else if (strcmp(c->command->name, "pin") == 0 && strcmp(o->name, "remove") == 0)
        offer_pins(c);
    else
        offer_alternatives(c, o->value);
}

/* ---- what stands before ---------------------------------------------------- */

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

static void read_option(struct completion *c, const char *word)
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
static bool has_target(const struct completion *c)
{
    return c->operands.count > 0 || holds(&c->given, "url");
}

/* Reads the words between the verb and the one in hand as getopt will. */
static void read_words(struct completion *c, char *const *words, size_t count)
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

static void complete_word(struct completion *c)
{
    const char *equals = strchr(c->partial, '=');

    if (c->command_at != NO_COMMAND) {
        c->directive = COMPLETE_FILES;
    } else if (c->asks != NULL) {
        offer_value(c);
    } else if (c->only_operands || c->partial[0] != '-') {
        offer_operand(c);
    } else if (strncmp(c->partial, "--", 2) == 0 && equals != NULL) {
        c->asks = find_long(c->command, c->partial + 2, (size_t)(equals - c->partial - 2));
        c->lead = (size_t)(equals + 1 - c->partial);
        if (c->asks != NULL && c->asks->value != NULL)
            offer_value(c);
    } else {
        offer_options(c);
        if (c->partial[1] == '\0')
            offer_operand(c); /* the - of `use -` */
    }
}

static void print(const struct completion *c, const struct complete_options *options)
{
    for (size_t i = 0; i < c->words.count; i++) {
        const char *note = options->bare ? "" : c->notes.items[i];
        printf("%s%s%s\n", c->words.items[i], *note != '\0' ? "\t" : "", note);
    }
    if (c->command_at != NO_COMMAND && !options->for_cobra)
        printf(":command %zu\n", c->command_at);
    else
        printf(":%u\n", c->directive);
}

void complete_print(char *const *words, size_t count, const struct complete_options *options)
{
    struct completion c = { .partial = count > 0 ? words[count - 1] : "",
                            .directive = COMPLETE_NO_FILES,
                            .command_at = NO_COMMAND };

    if (count <= 1) {
        offer_commands(&c);
        if (c.partial[0] == '-') {
            offer(&c, "--help", "explain docktether");
            offer(&c, "--version", "print the version");
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
