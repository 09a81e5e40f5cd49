#include "cli/current.h"

#include "base/mem.h"
#include "docker/config.h"
#include "store/runtime.h"
#include "store/store.h"

#include <stdlib.h>
#include <string.h>

/* The profile whose socket url is, or NULL. */
static char *profile_of(const char *url)
{
    struct strv names = { 0 };
    char *found = NULL;

    if (store_list(&names, NULL) != 0)
        return NULL;
    for (size_t i = 0; i < names.count && found == NULL; i++) {
        char *ours = runtime_url(names.items[i], NULL);
        if (ours != NULL && strcmp(ours, url) == 0)
            found = mem_strdup(names.items[i]);
        free(ours);
    }
    strv_clear(&names);
    return found;
}

char *current_name(struct err *e)
{
    enum config_source source;
    char *value = NULL;

    if (config_effective(&source, &value, e) != 0)
        return NULL;
    if (source == CONFIG_SOURCE_HOST_ENV) {
        char *name = profile_of(value);
        if (name != NULL) {
            free(value);
            return name;
        }
    }
    return value;
}
