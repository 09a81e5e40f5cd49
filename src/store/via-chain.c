#include "store/via-chain.h"

#include "base/mem.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void via_chain_clear(struct via_chain *c)
{
    for (size_t i = 0; i < c->count; i++)
        profile_free(c->hops[i]);
    free(c->hops);
    *c = (struct via_chain){ 0 };
}

static bool comes_again(const struct profile *p, const struct via_chain *c, const char *name)
{
    if (strcmp(p->name, name) == 0)
        return true;
    for (size_t i = 0; i < c->count; i++)
        if (strcmp(c->hops[i]->name, name) == 0)
            return true;
    return false;
}

/* "prod via bastion via prod" */
static int loop_error(const struct profile *p, const struct via_chain *c, const char *name, struct err *e)
{
    char way[400];
    size_t used = (size_t)snprintf(way, sizeof way, "%s", p->name);

    for (size_t i = 0; i < c->count && used < sizeof way; i++)
        used += (size_t)snprintf(way + used, sizeof way - used, " via %s", c->hops[i]->name);
    err_set(e, ERR_FAILED, "via", "the hops form a circle: %s via %s", way, name);
    return err_hint(e, "make one of them a direct connection: docktether update NAME --set via=");
}

int via_chain_load(const struct profile *p, struct via_chain *c, struct err *e)
{
    *c = (struct via_chain){ 0 };
    for (const char *name = p->via; name != NULL; name = c->hops[c->count - 1]->via) {
        struct profile *hop = NULL;
        if (comes_again(p, c, name)) {
            loop_error(p, c, name, e);
        } else {
            hop = store_load(name, e);
            if (hop == NULL && e != NULL)
                snprintf(e->layer, sizeof e->layer, "via");
        }
        if (hop == NULL) {
            via_chain_clear(c);
            return -1;
        }
        c->hops = mem_resize(c->hops, c->count + 1, sizeof(struct profile *));
        c->hops[c->count++] = hop;
    }
    return 0;
}

int via_chain_check(const struct profile *p, struct err *e)
{
    struct via_chain chain;

    if (via_chain_load(p, &chain, e) != 0)
        return -1;
    via_chain_clear(&chain);
    return 0;
}
