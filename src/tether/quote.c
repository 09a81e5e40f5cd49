#include "tether/quote.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

char *quote_sh(const char *s)
{
    char *out = mem_alloc(strlen(s) * 4 + 3), *p = out;

    *p++ = '\'';
    for (; *s != '\0'; s++) {
        if (*s == '\'') {
            memcpy(p, "'\\''", 4);
            p += 4;
        } else {
            *p++ = *s;
        }
    }
    *p = '\'';
    return out;
}

char *quote_dial_command(const struct profile *p)
{
    if (p->dial_command != NULL && *p->dial_command != '\0')
        return mem_strdup(p->dial_command);
    if (strcmp(p->socket, PROFILE_DEFAULT_SOCKET) == 0)
        return mem_strdup("docker system dial-stdio");
    char *quoted = quote_sh(p->socket);
    char *command = mem_printf("docker -H unix://%s system dial-stdio", quoted);
    free(quoted);
    return command;
}
