#include "base/quote.h"

#include "base/mem.h"

#include <stdbool.h>
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

char *quote_word(const char *s)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";

    return *s != '\0' && s[strspn(s, plain)] == '\0' ? mem_strdup(s) : quote_sh(s);
}

char *quote_path(const char *path)
{
    bool home = strncmp(path, "~/", 2) == 0;
    char *word = quote_sh(home ? path + 2 : path), *whole = mem_printf("%s%s", home ? "~/" : "", word);

    free(word);
    return whole;
}

char *quote_unit(const char *word)
{
    return strchr(word, '\\') != NULL ? mem_printf("'%s'", word) : mem_strdup(word);
}
