#include "base/suggest.h"

#include <string.h>

#define WORD_MAX 128

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Optimal string alignment, of which three rows are kept. */
unsigned suggest_distance(const char *a, const char *b)
{
    unsigned rows[3][WORD_MAX + 1];
    size_t la = strlen(a), lb = strlen(b);

    if (la > WORD_MAX || lb > WORD_MAX)
        return SUGGEST_FAR;
    for (unsigned j = 0; j <= lb; j++)
        rows[0][j] = j;
    for (unsigned i = 1; i <= la; i++) {
        unsigned *now = rows[i % 3];
        const unsigned *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= lb; j++) {
            now[j] = least(least(last[j], now[j - 1]) + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = least(now[j], before[j - 2] + 1);
        }
    }
    return rows[la % 3][lb];
}

int suggest_likely(const char *typed, const char *word)
{
    size_t len = strlen(word);

    /* A beginning counts, and a slip in every third letter. */
    if (strlen(typed) >= 2 && strncmp(typed, word, strlen(typed)) == 0)
        return 1;
    return suggest_distance(typed, word) <= (len <= 3 ? 1 : len / 3);
}
