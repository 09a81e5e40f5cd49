#include "import/ssh-tokens.h"

#include "base/mem.h"

#include <inttypes.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* This machine's name, with its domain or without. */
static void own_name(char *buf, size_t size, bool domain)
{
    if (gethostname(buf, size) != 0)
        buf[0] = '\0';
    buf[size - 1] = '\0';
    if (!domain)
        buf[strcspn(buf, ".")] = '\0';
}

static const char *or_empty(const char *s)
{
    return s != NULL ? s : "";
}

/* NULL for a token without a value. buf may be used for it. */
static const char *value_of(char token, const struct ssh_tokens *t, char *buf, size_t size)
{
    const struct passwd *pw = token == 'u' ? getpwuid(getuid()) : NULL;

    switch (token) {
    case '%':
        return "%";
    case 'C':
        return t->hash;
    case 'd': /* for ssh the home of the password database, which is mostly $HOME */
        return "~";
    case 'h':
        return t->host;
    case 'i':
        snprintf(buf, size, "%ju", (uintmax_t)getuid());
        return buf;
    case 'j':
        return or_empty(t->jump);
    case 'k':
        return t->alias != NULL ? t->alias : t->name;
    case 'L':
    case 'l':
        own_name(buf, size, token == 'l');
        return buf;
    case 'n':
        return t->name;
    case 'p':
        snprintf(buf, size, "%" PRId64, t->port);
        return buf;
    case 'r':
        return t->user;
    case 'u':
        return pw != NULL ? pw->pw_name : NULL;
    default:
        return NULL;
    }
}

/* "${NAME}" at s: the value, and its length in *len. */
static const char *variable(const char *s, size_t *len, char *why)
{
    const char *end = strchr(s, '}');
    char name[64];

    if (end == NULL || (size_t)(end - s - 2) >= sizeof name) {
        snprintf(why, SSH_TOKENS_WHY_SIZE, "its ${...} cannot be read");
        return NULL;
    }
    snprintf(name, sizeof name, "%.*s", (int)(end - s - 2), s + 2);
    *len = (size_t)(end - s) + 1;
    const char *value = getenv(name);
    if (value == NULL)
        snprintf(why, SSH_TOKENS_WHY_SIZE, "the variable %s is not set", name);
    return value;
}

char *ssh_tokens_expand(const char *text, const struct ssh_tokens *t, char why[SSH_TOKENS_WHY_SIZE])
{
    char *out = NULL, buf[300];
    size_t size, len;
    FILE *to = open_memstream(&out, &size);

    why[0] = '\0';
    if (to == NULL)
        abort();
    for (const char *s = text; *s != '\0'; s += len) {
        const char *value;
        len = 1;
        if (s[0] == '$' && s[1] == '{') {
            value = variable(s, &len, why);
        } else if (s[0] == '%') {
            len = s[1] != '\0' ? 2 : 1;
            value = value_of(s[1], t, buf, sizeof buf);
            if (value == NULL)
                snprintf(why, SSH_TOKENS_WHY_SIZE, "its %%%.1s has no value before a connection", s + 1);
        } else {
            snprintf(buf, sizeof buf, "%c", s[0]);
            value = buf;
        }
        if (value == NULL)
            break;
        fputs(value, to);
    }
    if (fclose(to) != 0)
        abort();
    if (why[0] == '\0')
        return out;
    free(out);
    return NULL;
}
