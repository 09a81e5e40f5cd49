#include "cli/each-name.h"

#include "store/name.h"
#include "ui/out.h"

int each_name(const char *const *names, size_t count, each_name_fn one, void *user)
{
    int status = 0;

    for (size_t i = 0; i < count; i++) {
        struct err e = ERR_INIT;
        /* The name becomes part of paths: nothing is done with a bad one. */
        if (name_check(names[i], &e) == 0 && one(names[i], user, &e) == 0)
            continue;
        out_error(names[i], &e);
        if (status == 0)
            status = e.code != ERR_NONE ? (int)e.code : ERR_FAILED;
    }
    return status;
}
