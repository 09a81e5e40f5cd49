#include "store/name.h"

#include <string.h>

#define LENGTH_MAX 128
#define ALNUM "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

int name_check(const char *name, struct err *e)
{
    size_t len = strlen(name);

    if (strcmp(name, "default") == 0)
        return err_set(e, ERR_USAGE, "", "\"default\" is Docker's own context and cannot name a profile");
    if (len < 2 || len > LENGTH_MAX || strchr(ALNUM, name[0]) == NULL ||
        name[strspn(name, ALNUM "_.+-")] != '\0') {
        err_set(e, ERR_USAGE, "", "\"%.200s\" cannot name a profile", name);
        return err_hint(e, "it takes 2 to %d letters, digits and _ . + -, the first a letter or digit",
                        LENGTH_MAX);
    }
    return 0;
}
