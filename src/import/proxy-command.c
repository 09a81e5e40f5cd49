#include "import/proxy-command.h"

#include "base/mem.h"
#include "import/ssh-words.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 24

/* Switches that change nothing about where the stream leads. */
#define HARMLESS "qaxTCvn"

struct parsed {
    const char *host, *user, *port, *forward;
};

static bool is_program(const char *word, const char *name)
{
    const char *slash = strrchr(word, '/');

    return strcmp(slash != NULL ? slash + 1 : word, name) == 0;
}

static bool is_one_of(const char *word, const char *const *list)
{
    for (; *list != NULL; list++)
        if (strcmp(word, *list) == 0)
            return true;
    return false;
}

/* The option at words[*i] and its argument. */
static bool take_option(struct parsed *p, char **words, size_t count, size_t *i)
{
    const char *word = words[*i];
    const char **to = word[1] == 'l'   ? &p->user
                      : word[1] == 'p' ? &p->port
                      : word[1] == 'W' ? &p->forward
                                       : NULL;

    if (to == NULL)
        return word[1] != '\0' && word[1 + strspn(word + 1, HARMLESS)] == '\0';
    if (*to != NULL)
        return false;
    if (word[2] != '\0')
        *to = word + 2;
    else if (*i + 1 < count)
        *to = words[++*i];
    return *to != NULL;
}

/* "nc %h %p" after the host does the same as -W. */
static bool is_netcat(char **words, size_t count)
{
    static const char *const programs[] = { "nc", "netcat", "ncat", NULL };
    const char *slash = strrchr(words[0], '/');

    return count == 3 && is_one_of(slash != NULL ? slash + 1 : words[0], programs) &&
           strcmp(words[1], "%h") == 0 && strcmp(words[2], "%p") == 0;
}

static bool parse(struct parsed *p, char **words, size_t count)
{
    static const char *const forwards[] = { "%h:%p", "[%h]:%p", NULL };
    size_t i = 0;

    if (count > 0 && strcmp(words[0], "exec") == 0)
        i++;
    if (i == count || !is_program(words[i], "ssh"))
        return false;
    for (i++; i < count; i++) {
        if (words[i][0] == '-') {
            if (!take_option(p, words, count, &i))
                return false;
        } else if (p->host == NULL) {
            p->host = words[i];
        } else {
            return p->forward == NULL && is_netcat(words + i, count - i);
        }
    }
    return p->host != NULL && p->forward != NULL && is_one_of(p->forward, forwards);
}

/* No blank, and no token, which would be of the host behind. */
static bool is_name(const char *word)
{
    return *word != '\0' && word[strcspn(word, " \t\"'\\%,")] == '\0';
}

char *proxy_command_jump(const char *command)
{
    struct strv words = { 0 };
    struct parsed p = { 0 };
    char *jump = NULL;

    /* A word that a shell would do more with than split it may mean anything. */
    if (strpbrk(command, "|&;<>()$`*?#~!{}\n") == NULL && ssh_words_split(command, &words) == 0 &&
        words.count <= WORDS_MAX && parse(&p, words.items, words.count)) {
        const char *user = p.user;
        const char *host = strncmp(p.host, "ssh://", 6) == 0 ? p.host + 6 : p.host, *at = strrchr(host, '@');
        /* -l and -p override the user and port of HOST. */
        bool said_twice = (user != NULL && at != NULL) || (p.port != NULL && host != p.host);
        if (!said_twice && is_name(host) && (user == NULL || is_name(user)) &&
            (p.port == NULL || p.port[strspn(p.port, "0123456789")] == '\0'))
            jump = mem_printf("%s%s%s%s%s", user != NULL ? user : "", user != NULL ? "@" : "", host,
                              p.port != NULL ? ":" : "", p.port != NULL ? p.port : "");
    }
    strv_clear(&words);
    return jump;
}
