/* Profiles are made, copied and freed by the table of options. */
#include "store/option.h"

#include <stdlib.h>

struct profile *profile_new(const char *name)
{
    struct profile *p = mem_alloc(sizeof *p);
    size_t count;
    const struct option *table = option_table(&count);

    p->name = mem_strdup(name);
    p->change = mem_printf("docktether update %s ", name);
    for (size_t i = 0; i < count; i++)
        option_reset(p, &table[i]);
    return p;
}

struct profile *profile_new_ephemeral(const char *name)
{
    struct profile *p = profile_new(name);

    mem_replace(&p->change, "");
    return p;
}

struct profile *profile_copy(const struct profile *p)
{
    struct profile *copy = profile_new(p->name);
    size_t count;
    const struct option *table = option_table(&count);

    mem_replace(&copy->change, p->change);
    for (size_t i = 0; i < count; i++)
        option_copy(copy, p, &table[i]);
    return copy;
}

void profile_free(struct profile *p)
{
    size_t count;
    const struct option *table = option_table(&count);

    if (p == NULL)
        return;
    for (size_t i = 0; i < count; i++)
        option_clear(p, &table[i]);
    free(p->change);
    free(p->name);
    free(p);
}
