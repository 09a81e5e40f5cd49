#include "base/suggest.h"

#include <string.h>

#define WORD_MAX 31

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Optimal string alignment. */
size_t suggest_distance(const char *a, const char *b)
{
    size_t cost[WORD_MAX + 1][WORD_MAX + 1];
    size_t la = strlen(a), lb = strlen(b);

    if (la > WORD_MAX || lb > WORD_MAX)
        return WORD_MAX + 1;
    for (size_t i = 0; i <= la; i++) {
        for (size_t j = 0; j <= lb; j++) {
            if (i == 0 || j == 0) {
                cost[i][j] = i + j;
                continue;
            }
            cost[i][j] = least(cost[i - 1][j], cost[i][j - 1]) + 1;
            cost[i][j] = least(cost[i][j], cost[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                cost[i][j] = least(cost[i][j], cost[i - 2][j - 2] + 1);
        }
    }
    return cost[la][lb];
}

int suggest_likely(const char *typed, const char *word)
{
    size_t len = strlen(word);

    /* A beginning counts, and a slip in every third letter. */
    if (strlen(typed) >= 2 && strncmp(typed, word, strlen(typed)) == 0)
        return 1;
    return suggest_distance(typed, word) <= (len <= 3 ? 1 : len / 3);
}
