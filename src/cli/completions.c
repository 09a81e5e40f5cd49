#include "cli/completions.h"

#include "control/tether-client.h"
#include "docker/context-list.h"
#include "import/ssh-hosts.h"
#include "store/option.h"
#include "store/store.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

void completions_word(struct completions *c, const char *word, const char *note)
{
    if (strncmp(word, c->partial + c->lead, strlen(c->partial + c->lead)) != 0)
        return;
    char *whole = mem_printf("%.*s%s", (int)c->lead, c->partial, word);
    strv_add(&c->words, whole);
    strv_add(&c->notes, note != NULL ? note : "");
    free(whole);
}

/* All profiles, or those with a running tether, or those with a Docker. */
enum which { ALL, RUNNING, WITH_DOCKER };

static void offer_profile(struct completions *c, const char *name, enum which which)
{
    if (strv_contains(&c->operands, name) || (which == RUNNING && !tether_client_running(name)))
        return;
    struct profile *p = store_load(name, NULL);
    if (which != WITH_DOCKER || p == NULL || profile_has_docker(p))
        completions_word(c, name, p != NULL ? p->description : NULL);
    profile_free(p);
}

/* Profiles that are not on the command line yet. */
static void offer_profiles(struct completions *c, enum which which)
{
    struct strv names = { 0 };

    if (store_list(&names, NULL) == 0)
        for (size_t i = 0; i < names.count; i++)
            offer_profile(c, names.items[i], which);
    strv_clear(&names);
}

/* The profiles that a command takes. */
static enum which profiles_for(const struct command *command)
{
    static const char *const docker[] = { "use", "shell", "env", "exec" };

    for (size_t i = 0; i < sizeof docker / sizeof *docker; i++)
        if (strcmp(command->name, docker[i]) == 0)
            return WITH_DOCKER;
    return strcmp(command->name, "down") == 0 ? RUNNING : ALL;
}

static void offer_pins(struct completions *c)
{
    struct profile *p = c->operands.count > 0 ? store_load(c->operands.items[0], NULL) : NULL;
    char text[PIN_TEXT_SIZE];

    for (size_t i = 0; p != NULL && i < p->pins.count; i++) {
        pin_format(&p->pins.items[i], text);
        completions_word(c, text, NULL);
    }
    profile_free(p);
}

bool completions_is_given(const struct completions *c, const char *option)
{
    return strv_contains(&c->given, option);
}

void completions_commands(struct completions *c)
{
    size_t count;
    const struct command *table = command_table(&count);

    for (size_t i = 0; i < count; i++)
        completions_word(c, table[i].name, table[i].summary);
}

/* ---- words of the tables -------------------------------------------------- */

/* One alternative of an operand or value in help: a word in small letters is literal,
 * capitals name a kind. */
static void offer_alternative(struct completions *c, const char *what)
{
    bool creates = c->asks == NULL && strcmp(c->command->name, "create") == 0;

    if (strcmp(what, "NAME") == 0) {
        if (!creates) /* create takes a new name */
            offer_profiles(c, profiles_for(c->command));
    } else if (strcmp(what, "FILE") == 0) {
        c->directive &= ~(unsigned)COMPLETE_NO_FILES;
    } else if (strcmp(what, "COMMAND") == 0) {
        completions_commands(c);
    } else if (strcmp(what, "URL") == 0) {
        completions_word(c, "ssh://", NULL);
        c->directive |= COMPLETE_NO_SPACE;
    } else if (islower((unsigned char)what[0]) || strcmp(what, "-") == 0) {
        completions_word(c, what, NULL);
    }
}

/* "table|json", "NAME", "known_hosts|FILE|-" */
static void offer_alternatives(struct completions *c, const char *text)
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

void completions_operand(struct completions *c)
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

void completions_options(struct completions *c)
{
    static const char repeatable[] = "(repeatable)";

    for (const struct args_option *o = c->command->options; o != NULL && o->name != NULL; o++) {
        char *word = mem_printf("--%s", o->name);
        if (!completions_is_given(c, o->name) || strstr(o->help, repeatable) != NULL)
            completions_word(c, word, o->help);
        free(word);
    }
    completions_word(c, "--help", "show this help");
}

/* ---- KEY=VALUE ------------------------------------------------------------ */

static void offer_key_values(struct completions *c, const struct option *o)
{
    switch (o->type) {
    case OPTION_CHOICE:
        for (size_t i = 0; o->choices[i] != NULL; i++)
            completions_word(c, o->choices[i], NULL);
        break;
    case OPTION_BOOL:
        completions_word(c, "yes", NULL);
        completions_word(c, "no", NULL);
        break;
    case OPTION_AGENT:
        completions_word(c, PROFILE_AGENT_YES, "the agent at SSH_AUTH_SOCK");
        completions_word(c, PROFILE_AGENT_NO, NULL);
        c->directive &= ~(unsigned)COMPLETE_NO_FILES;
        break;
    case OPTION_NAME:
        offer_profiles(c, ALL);
        break;
    case OPTION_SOCKET:
        completions_word(c, PROFILE_DEFAULT_SOCKET, NULL);
        completions_word(c, PROFILE_AUTO_SOCKET, "the first usable socket on the host");
        completions_word(c, PROFILE_NO_SOCKET, "a jump host without Docker");
        break;
    case OPTION_FILES:
        c->directive &= ~(unsigned)COMPLETE_NO_FILES;
        break;
    case OPTION_INT:
    case OPTION_DURATION:
        if (o->fallback != NULL && *o->fallback != '\0')
            completions_word(c, o->fallback, "the default");
        break;
    case OPTION_TEXT:
    case OPTION_HOST:
    case OPTION_USER:
    case OPTION_PINS:
        break;
    }
}

static void offer_assignment(struct completions *c)
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
        completions_word(c, word, table[i].help);
        free(word);
    }
}

/* The proposals of `import`. */
static void offer_proposals(struct completions *c)
{
    struct context_list contexts = { 0 };
    struct strv hosts = { 0 };
    struct ssh_hosts_left left;

    if (context_list_by_ssh(&contexts, NULL) == 0)
        for (size_t i = 0; i < contexts.count; i++)
            completions_word(c, contexts.items[i].name, "a Docker context");
    context_list_clear(&contexts);
    if (ssh_hosts_list(&hosts, &left, NULL) == 0)
        for (size_t i = 0; i < hosts.count; i++)
            completions_word(c, hosts.items[i], "a host in ~/.ssh/config");
    strv_clear(&hosts);
}

void completions_value(struct completions *c)
{
    const struct args_option *o = c->asks;

    if (strcmp(o->value, "KEY=VALUE") == 0)
        offer_assignment(c);
    else if (strcmp(c->command->name, "pin") == 0 && strcmp(o->name, "remove") == 0)
        offer_pins(c);
    else if (strcmp(c->command->name, "import") == 0 && strcmp(o->name, "only") == 0)
        offer_proposals(c);
    else
        offer_alternatives(c, o->value);
}
