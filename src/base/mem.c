#include "base/mem.h"

#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *mem_alloc(size_t size)
{
    void *p = calloc(1, size ? size : 1);
    if (p == NULL)
        abort();
    return p;
}

void *mem_resize(void *p, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size)
        abort();
    size_t total = count * size;
    void *q = realloc(p, total != 0 ? total : 1);
    if (q == NULL)
        abort();
    return q;
}

char *mem_strdup(const char *s)
{
    if (s == NULL)
        return NULL;
    size_t len = strlen(s) + 1;
    char *copy = mem_alloc(len);
    memcpy(copy, s, len);
    return copy;
}

char *mem_printf(const char *fmt, ...)
{
    va_list ap, again;

    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0)
        abort();
    char *s = mem_alloc((size_t)n + 1);
    vsnprintf(s, (size_t)n + 1, fmt, again);
    va_end(again);
    return s;
}

void mem_replace(char **p, const char *s)
{
    char *copy = mem_strdup(s);
    free(*p);
    *p = copy;
}

void mem_wipe(void *p, size_t len)
{
    if (p != NULL && len > 0)
        OPENSSL_cleanse(p, len);
}

void strv_add(struct strv *v, const char *s)
{
    v->items = mem_resize(v->items, v->count + 1, sizeof *v->items);
    v->items[v->count++] = mem_strdup(s);
}

void strv_clear(struct strv *v)
{
    for (size_t i = 0; i < v->count; i++)
        free(v->items[i]);
    free(v->items);
    v->items = NULL;
    v->count = 0;
}

void strv_copy(struct strv *dst, const struct strv *src)
{
    for (size_t i = 0; i < src->count; i++)
        strv_add(dst, src->items[i]);
}

bool strv_contains(const struct strv *v, const char *s)
{
    for (size_t i = 0; s != NULL && i < v->count; i++)
        if (strcmp(v->items[i], s) == 0)
            return true;
    return false;
}

bool strv_equal(const struct strv *a, const struct strv *b)
{
    for (size_t i = 0; i < a->count && i < b->count; i++)
        if (strcmp(a->items[i], b->items[i]) != 0)
            return false;
    return a->count == b->count;
}
