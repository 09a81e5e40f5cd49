/* libFuzzer's side: FUZZ_TARGET names the parser. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>

static const struct fuzz_target *target;

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const char *name = getenv("FUZZ_TARGET");

    (void)argc;
    (void)argv;
    if (name != NULL)
        target = fuzz_find(name);
    if (target == NULL) {
        for (size_t i = 0; fuzz_at(i) != NULL; i++)
            puts(fuzz_at(i)->name);
        exit(name == NULL ? 0 : 2);
    }
    fuzz_home();
    atexit(fuzz_leave);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    target->run(data, size);
    return 0;
}
