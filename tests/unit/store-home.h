/* store-home: what the tests of the store share, a store below a scratch HOME
 * above all. */
#ifndef DOCKTETHER_TESTS_STORE_HOME_H
#define DOCKTETHER_TESTS_STORE_HOME_H

#include "scratch.h"
#include "store/option.h"
#include "store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define FP "SHA256:uNiVztksCsDhcc0u9e8BrqzGzkqNO4Pc9gAk1ZyRrKs"
#define FP2 "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"

#define CONFIG ".config/docktether"
#define PROFILES CONFIG "/profiles"

static inline void make_dirs(void **state)
{
    static const char *const dirs[] = { ".config", CONFIG, PROFILES };

    for (size_t i = 0; i < 3; i++) {
        char *path = scratch_path(state, dirs[i]);
        mkdir(path, 0700);
        free(path);
    }
}

/* Puts a file below the scratch directory, without the store's help. */
static inline void put(void **state, const char *name, const char *text, mode_t mode)
{
    char *path = scratch_path(state, name);

    make_dirs(state);
    scratch_write(path, text, mode);
    free(path);
}

static inline void has_text(void **state, const char *name, const char *want)
{
    char *path = scratch_path(state, name), text[4096];
    int fd = open(path, O_RDONLY);

    assert_true(fd >= 0);
    ssize_t n = read(fd, text, sizeof text - 1);
    assert_true(n >= 0);
    text[n] = '\0';
    close(fd);
    free(path);
    assert_string_equal(text, want);
}

static inline void set(struct profile *p, const char *key, const char *value)
{
    struct err e = ERR_INIT;

    if (option_set(p, option_find(NULL, key), value, &e) != 0)
        fail_msg("%s", e.msg);
}

/* Loading ends with ERR_PROFILE of layer "profile" and these words. */
static inline void bad_load(const char *name, const char *words)
{
    struct err e = ERR_INIT;
    struct profile *p = store_load(name, &e);

    assert_null(p);
    assert_int_equal(e.code, ERR_PROFILE);
    assert_string_equal(e.layer, "profile");
    if (strstr(e.msg, words) == NULL)
        fail_msg("no \"%s\" in \"%s\"", words, e.msg);
}

static inline struct profile *load(const char *name)
{
    struct err e = ERR_INIT;
    struct profile *p = store_load(name, &e);

    if (p == NULL)
        fail_msg("%s", e.msg);
    return p;
}

static inline void save(const struct profile *p, bool create)
{
    struct err e = ERR_INIT;

    if (store_save(p, create, &e) != 0)
        fail_msg("%s", e.msg);
}

#endif
