#include "cli/cmd.h"
#include "import/bundle.h"
#include "store/store.h"
#include "store/via-chain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct profiles {
    struct profile **items;
    size_t count;
};

/* Takes over p. */
static void add(struct profiles *list, struct profile *p)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i]->name, p->name) == 0) {
            profile_free(p);
            return;
        }
    }
    list->items = mem_resize(list->items, list->count + 1, sizeof(struct profile *));
    list->items[list->count++] = p;
}

/* The hops come first. */
static int add_with_way(struct profiles *list, const char *name, struct err *e)
{
    struct via_chain chain;
    struct profile *p = store_load(name, e);

    if (p == NULL)
        return -1;
    int rc = via_chain_load(p, &chain, e);
    for (size_t i = rc == 0 ? chain.count : 0; i > 0; i--)
        add(list, profile_copy(chain.hops[i - 1]));
    if (rc == 0) {
        via_chain_clear(&chain);
        add(list, p);
    } else {
        profile_free(p);
    }
    return rc;
}

int cmd_export(const struct args *args, struct err *e)
{
    struct profiles list = { 0 };
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < args->count; i++)
        rc = add_with_way(&list, args->operands[i], e);
    if (rc == 0) {
        char *text = bundle_write((const struct profile *const *)list.items, list.count);
        (void)fputs(text, stdout);
        free(text);
    }
    for (size_t i = 0; i < list.count; i++)
        profile_free(list.items[i]);
    free(list.items);
    return rc;
}
