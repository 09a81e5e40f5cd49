/* Gives every parser the files of its corpus, each parser in a process of its own (TAP).
 *
 *     test-corpus [DIRECTORY]      default: $srcdir/tests/fuzz/corpus */
#include "fuzz.h"

#include "base/mem.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define FILE_MAX_BYTES (1024 * 1024)
#define PATIENCE_S 120 /* a parser that hangs is ended */

static uint8_t buf[FILE_MAX_BYTES];

static bool run_file(const struct fuzz_target *t, const char *dir, const char *name)
{
    char *path = mem_printf("%s/%s", dir, name);
    FILE *f = fopen(path, "re");

    fprintf(stderr, "# %s\n", path); /* the last one names the file that ends the process */
    free(path);
    if (f == NULL)
        return false;
    size_t size = fread(buf, 1, sizeof buf, f);
    fclose(f);
    t->run(buf, size);
    return true;
}

/* In the child. Exits with 0 when there was a corpus. */
static _Noreturn void run_all(const struct fuzz_target *t, const char *corpus)
{
    size_t count = 0;
    const struct dirent *entry;

    alarm(PATIENCE_S);
    fuzz_home();
    t->run(buf, 0);
    char *dir = mem_printf("%s/%s", corpus, t->name);
    DIR *d = opendir(dir);
    while (d != NULL && (entry = readdir(d)) != NULL)
        if (entry->d_name[0] != '.' && run_file(t, dir, entry->d_name))
            count++;
    if (d != NULL)
        closedir(d);
    free(dir);
    fuzz_leave();
    exit(count > 0 ? 0 : 3);
}

static bool passes(const struct fuzz_target *t, const char *corpus)
{
    char log[] = "/tmp/docktether-corpus-XXXXXX", line[4200];
    int status = 1, fd = mkstemp(log);
    pid_t pid = fd >= 0 ? fork() : -1;

    if (pid == 0) {
        dup2(fd, STDERR_FILENO);
        run_all(t, corpus);
    }
    while (pid > 0 && waitpid(pid, &status, 0) < 0)
        continue;
    FILE *f = status != 0 && fd >= 0 ? fdopen(fd, "r") : NULL;
    if (f != NULL) {
        rewind(f);
        while (fgets(line, sizeof line, f) != NULL)
            printf("# %s", line);
        printf("# wait status %d\n", status);
        fclose(f);
    }
    unlink(log);
    return status == 0;
}

int main(int argc, char **argv)
{
    const char *srcdir = getenv("srcdir");
    size_t count = 0;
    bool all = true;

    char *corpus =
        argc > 1 ? mem_strdup(argv[1]) : mem_printf("%s/tests/fuzz/corpus", srcdir != NULL ? srcdir : ".");
    while (fuzz_at(count) != NULL)
        count++;
    printf("1..%zu\n", count);
    for (size_t i = 0; i < count; i++) {
        (void)fflush(stdout);
        bool ok = passes(fuzz_at(i), corpus);
        printf("%sok %zu - the corpus of %s\n", ok ? "" : "not ", i + 1, fuzz_at(i)->name);
        all = all && ok;
    }
    free(corpus);
    return all ? 0 : 1;
}
