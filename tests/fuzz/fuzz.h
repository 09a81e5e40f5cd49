/* fuzz: the parsers of outside input, each as a function of some bytes. libFuzzer drives
 * one of them (fuzz.c); `make check` gives each its corpus (test-corpus.c). */
#ifndef DOCKTETHER_TESTS_FUZZ_H
#define DOCKTETHER_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

struct fuzz_target {
    const char *name;
    /* Aborts when something that must hold does not. */
    void (*run)(const uint8_t *data, size_t size);
};

/* Each ends with a name of NULL. */
extern const struct fuzz_target fuzz_store[], fuzz_docker[], fuzz_ssh[], fuzz_control[], fuzz_import[];

/* NULL when there is none. */
const struct fuzz_target *fuzz_find(const char *name);

/* The index-th of all targets; NULL behind the last. */
const struct fuzz_target *fuzz_at(size_t index);

/* A home with all directories that the program asks the environment for, made once and
 * removed by fuzz_leave(). Returns its path. */
const char *fuzz_home(void);
void fuzz_leave(void);

/* The bytes as a text, allocated; it ends at the first NUL. */
char *fuzz_text(const uint8_t *data, size_t size);

/* Replaces a file of the home, whose directory is made; name is relative to it. */
void fuzz_put(const char *name, const uint8_t *data, size_t size);

/* abort() with a word on what did not hold. */
#define FUZZ_HOLDS(condition) ((condition) ? (void)0 : fuzz_broken(__FILE__, __LINE__, #condition))
_Noreturn void fuzz_broken(const char *file, int line, const char *condition);

#endif
