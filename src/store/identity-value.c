#include "store/identity-value.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#define FD_PREFIX "fd:"

char *identity_of_fd(int fd)
{
    return mem_printf(FD_PREFIX "%d", fd);
}

int identity_fd(const char *value)
{
    size_t len = strlen(FD_PREFIX);

    return strncmp(value, FD_PREFIX, len) == 0 ? (int)strtol(value + len, NULL, 10) : -1;
}
