/* A home and a DOCKER_CONFIG of its own for each test of Docker's files. */
#ifndef DOCKTETHER_TESTS_DOCKER_HOME_H
#define DOCKTETHER_TESTS_DOCKER_HOME_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/digest.h"
#include "base/err.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct home {
    char dir[64];
    char docker[80]; /* DOCKER_CONFIG, not created */
};

static inline char *in_docker(const struct home *h, const char *name)
{
    return mem_printf("%s/%s", h->docker, name);
}

static inline char *hash_dir(const struct home *h, const char *name)
{
    char hash[DIGEST_HEX_SIZE];

    digest_sha256_hex(name, strlen(name), hash);
    return mem_printf("%s/contexts/meta/%s", h->docker, hash);
}

static inline char *meta_of(const struct home *h, const char *name)
{
    char *dir = hash_dir(h, name);
    char *path = mem_printf("%s/meta.json", dir);

    free(dir);
    return path;
}

static inline void put(const char *path, const char *text)
{
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static inline char *get(const char *path)
{
    char *buf = mem_alloc(65536);
    FILE *f = fopen(path, "re");
    assert_non_null(f);
    buf[fread(buf, 1, 65535, f)] = '\0';
    fclose(f);
    return buf;
}

static inline void assert_file(const char *path, const char *expected)
{
    char *text = get(path);
    assert_string_equal(text, expected);
    free(text);
}

static inline bool exists(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0;
}

static inline mode_t mode_of(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

static inline void run(const char *fmt, const char *arg)
{
    char *command = mem_printf("%s '%s'", fmt, arg);
    assert_int_equal(system(command), 0);
    free(command);
}

static inline int setup(void **state)
{
    struct home *h = mem_alloc(sizeof *h);

    strcpy(h->dir, "/tmp/docktether-test-XXXXXX");
    if (mkdtemp(h->dir) == NULL)
        return -1;
    snprintf(h->docker, sizeof h->docker, "%s/.docker", h->dir);
    setenv("HOME", h->dir, 1);
    setenv("DOCKER_CONFIG", h->docker, 1);
    unsetenv("DOCKER_HOST");
    unsetenv("DOCKER_CONTEXT");
    *state = h;
    return 0;
}

static inline int teardown(void **state)
{
    struct home *h = *state;

    run("chmod -R u+rwX", h->dir);
    run("rm -rf", h->dir);
    free(h);
    return 0;
}

/* Nobody may write to DOCKER_CONFIG until become_powerful(). No mode stops
 * root, who becomes somebody else for a while. */
static inline void become_powerless(struct home *h)
{
    if (!exists(h->docker))
        assert_int_equal(mkdir(h->docker, 0755), 0);
    assert_int_equal(chmod(h->dir, 0755), 0);
    assert_int_equal(chmod(h->docker, 0555), 0);
    if (getuid() == 0)
        assert_int_equal(seteuid(65534), 0);
}

static inline void become_powerful(void)
{
    assert_int_equal(seteuid(getuid()), 0);
}

static inline void assert_error(const struct err *e, const char *layer, const char *part)
{
    assert_int_equal(e->code, ERR_FAILED);
    assert_string_equal(e->layer, layer);
    if (strstr(e->msg, part) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", part, e->msg);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

#endif
