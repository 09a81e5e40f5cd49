#include "ssh/identity-internal.h"

#include "base/mem.h"
#include "base/path.h"

#include <stdlib.h>
#include <string.h>

static char *describe(const struct identity *id)
{
    char fp[PIN_FINGERPRINT_SIZE] = "";
    char *shown = path_display(id->file);

    identity_fingerprint(id->plain, fp);
    char *line = mem_printf("%s %s%s%s", shown, fp, strcmp(id->blob, id->plain) != 0 ? " (certificate)" : "",
                            id->key == NULL ? " (agent)" : "");
    free(shown);
    return line;
}

void identities_describe(const struct identities *ids, struct strv *out)
{
    for (size_t i = 0; i < ids->count; i++) {
        char *line = describe(&ids->items[i]);
        strv_add(out, line);
        free(line);
    }
}

char *identities_public(const struct identities *ids)
{
    struct pubkey key;
    char *line = NULL;

    if (ids->count > 0 && pubkey_parse_blob(ids->items[0].plain, &key) == 0) {
        line = mem_printf("%s %s", key.type, key.blob);
        pubkey_clear(&key);
    }
    return line;
}

struct identities_need identities_need(const struct identities *ids, const struct strv *in_agent,
                                       char **missing)
{
    struct identities_need n = { .any = ids->any_in_agent };

    if (missing != NULL)
        *missing = NULL;
    for (size_t i = 0; i < ids->count; i++) {
        const struct identity *id = &ids->items[i];
        n.own += id->key != NULL;
        if (id->key != NULL)
            continue;
        n.agents++;
        if (strv_contains(in_agent, id->blob) || strv_contains(in_agent, id->plain))
            continue;
        if (n.absent++ > 0)
            continue;
        n.file = id->file;
        if (missing != NULL)
            *missing = describe(id);
    }
    return n;
}
