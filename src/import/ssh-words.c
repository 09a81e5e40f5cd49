#include "import/ssh-words.h"

#include <stdlib.h>
#include <string.h>

#define BLANKS " \t\r\n\f"

/* The word at *s, written to `to`, which has room for all of it. -1: a quote is open. */
static int take_word(const char **s, char *to)
{
    char quote = '\0';

    for (; **s != '\0'; ++*s) {
        const char c = **s, next = (*s)[1];
        if (c == '\\' && next != '\0' && (strchr("'\"\\", next) != NULL || (quote == '\0' && next == ' ')))
            *to++ = *++*s;
        else if (quote == '\0' && strchr(BLANKS, c) != NULL)
            break;
        else if (quote == '\0' && (c == '"' || c == '\''))
            quote = c;
        else if (quote != '\0' && c == quote)
            quote = '\0';
        else
            *to++ = c;
    }
    *to = '\0';
    return quote == '\0' ? 0 : -1;
}

int ssh_words_split(const char *line, struct strv *words)
{
    char *word = mem_alloc(strlen(line) + 1);
    int rc = 0;

    for (const char *s = line + strspn(line, BLANKS); rc == 0 && *s != '\0' && *s != '#';
         s += strspn(s, BLANKS)) {
        rc = take_word(&s, word);
        if (rc == 0)
            strv_add(words, word);
    }
    free(word);
    if (rc != 0)
        strv_clear(words);
    return rc;
}
