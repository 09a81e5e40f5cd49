/* mem: allocation for small things, and lists of strings.
 *
 * The mem_* allocators never return NULL: without memory for a few hundred
 * bytes the process aborts, because no error could be reported either. Buffers
 * whose size somebody outside chooses use malloc() and handle its failure. */
#ifndef DOCKTETHER_BASE_MEM_H
#define DOCKTETHER_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>

void *mem_alloc(size_t size) __attribute__((malloc));    /* zeroed */
void *mem_resize(void *p, size_t count, size_t size);    /* checks the product */
char *mem_strdup(const char *s) __attribute__((malloc)); /* NULL gives NULL */
char *mem_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Frees *p and stores a copy of s there (s may be NULL or *p itself). */
void mem_replace(char **p, const char *s);

/* Overwrites len bytes; the compiler may not drop it. */
void mem_wipe(void *p, size_t len);

/* A list of owned strings, zero-initialised when empty. */
struct strv {
    char **items;
    size_t count;
};

void strv_add(struct strv *v, const char *s);
void strv_clear(struct strv *v);
void strv_copy(struct strv *dst, const struct strv *src);    /* dst must be empty */
bool strv_contains(const struct strv *v, const char *s);     /* NULL is in no list */
bool strv_equal(const struct strv *a, const struct strv *b); /* the same strings in the same order */

#endif
