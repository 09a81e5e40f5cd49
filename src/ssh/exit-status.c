#include "ssh/exit-status.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 2048

void exit_status_hear(struct exit_status *end, const char *data, size_t len)
{
    if (end->words == NULL)
        end->words = mem_alloc(WORDS_MAX + 1);
    for (size_t i = 0; i < len && end->len < WORDS_MAX; i++)
        end->words[end->len++] = data[i] == '\0' || data[i] == '\n' || data[i] == '\r' ? ' ' : data[i];
}

bool exit_status_known(const struct exit_status *end)
{
    return end->status >= 0 || end->signal[0] != '\0';
}

bool exit_status_failed(const struct exit_status *end)
{
    return end->status > 0 || end->signal[0] != '\0';
}

void exit_status_describe(const struct exit_status *end, char *buf, size_t size)
{
    char how[40];
    size_t len = end->len;

    if (end->signal[0] != '\0')
        snprintf(how, sizeof how, "(signal %s)", end->signal);
    else if (end->status >= 0)
        snprintf(how, sizeof how, "(exit status %d)", end->status);
    else
        snprintf(how, sizeof how, "(no exit status)");
    while (len > 0 && end->words[len - 1] == ' ')
        len--;
    if (len == 0) {
        snprintf(buf, size, "%s", how);
        return;
    }
    size_t room = size > sizeof how + 1 ? size - sizeof how - 1 : 0;
    snprintf(buf, size, "%.*s %s", (int)(len < room ? len : room), end->words, how);
}

void exit_status_clear(struct exit_status *end)
{
    free(end->words);
    *end = (struct exit_status)ENDING_INIT;
}
