#include "ssh/identity-internal.h"

#include "base/mem.h"
#include "base/path.h"
#include "base/time.h"

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

static char *join(const struct strv *names)
{
    char *text = mem_strdup("");

    for (size_t i = 0; i < names->count; i++) {
        char *longer = mem_printf("%s%s%s", text, i > 0 ? ", " : "", names->items[i]);
        free(text);
        text = longer;
    }
    return text;
}

static char *fault_of(const struct pubkey *c, const char *user)
{
    const char *why = pubkey_unusable(c, (uint64_t)(time_wall_ms() / 1000));

    if (why != NULL)
        return mem_strdup(why);
    if (c->principals.count == 0 || strv_contains(&c->principals, user))
        return NULL;
    char *names = join(&c->principals), *fault = mem_printf("is for %s and not for %s", names, user);
    free(names);
    return fault;
}

bool identities_certificate(const struct identities *ids, const char *user, char **file, char **why)
{
    bool found = false;

    for (size_t i = 0; !found && i < ids->count; i++) {
        struct pubkey key;
        if (pubkey_parse_blob(ids->items[i].blob, &key) != 0)
            continue;
        found = key.certificate;
        if (found) {
            *file = mem_strdup(ids->items[i].file);
            *why = fault_of(&key, user);
        }
        pubkey_clear(&key);
    }
    return found;
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

const char *identities_agent(const struct identities *ids)
{
    const struct strv none = { 0 };
    const struct identities_need need = identities_need(ids, &none, NULL);

    return need.any || need.agents > 0 ? ids->agent : NULL;
}
