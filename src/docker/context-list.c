#include "docker/context-list.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"

#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_LIMIT (1024u * 1024)
#define COUNT_LIMIT 1000

void context_list_clear(struct context_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i].name);
        free(list->items[i].url);
    }
    free(list->items);
    *list = (struct context_list){ 0 };
}

static void take(struct context_list *list, const char *text, size_t len)
{
    json_t *meta = json_loadb(text, len, 0, NULL);
    json_t *endpoint = json_object_get(json_object_get(meta, "Endpoints"), "docker");
    const char *name = json_string_value(json_object_get(meta, "Name"));
    const char *url = json_string_value(json_object_get(endpoint, "Host"));

    if (name != NULL && url != NULL && strncmp(url, "ssh://", 6) == 0) {
        list->items = mem_resize(list->items, list->count + 1, sizeof *list->items);
        list->items[list->count++] =
            (struct context_list_entry){ .name = mem_strdup(name), .url = mem_strdup(url) };
    }
    json_decref(meta);
}

static void read_one(struct context_list *list, const char *dir, const char *hash)
{
    char *path = mem_printf("%s/%s/meta.json", dir, hash);
    char *text;
    size_t len;

    if (hash[0] != '.' && file_read(path, FILE_ANY, SIZE_LIMIT, &text, &len, NULL) == 0) {
        take(list, text, len);
        free(text);
    }
    free(path);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct context_list_entry *)a)->name, ((const struct context_list_entry *)b)->name);
}

int context_list_by_ssh(struct context_list *list, struct err *e)
{
    int rc = 0;

    *list = (struct context_list){ 0 };
    char *config = path_docker_config(e);
    if (config == NULL)
        return -1;
    char *dir = mem_printf("%s/contexts/meta", config);
    DIR *handle = opendir(dir);
    if (handle == NULL && errno != ENOENT && errno != ENOTDIR)
        rc = err_set_errno(e, ERR_FAILED, "docker context", "cannot read %s", dir);
    for (const struct dirent *entry; handle != NULL && list->count < COUNT_LIMIT;) {
        entry = readdir(handle);
        if (entry == NULL)
            break;
        read_one(list, dir, entry->d_name);
    }
    if (handle != NULL)
        closedir(handle);
    if (list->count > 1)
        qsort(list->items, list->count, sizeof *list->items, by_name);
    free(dir);
    free(config);
    return rc;
}
