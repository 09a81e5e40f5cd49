#include "cli/pin-source.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "ssh/knownhosts.h"
#include "ssh/pinlist.h"

#include <stdlib.h>
#include <string.h>

static int from_stdin(struct profile *p, struct err *e)
{
    char *text;
    size_t len;

    if (file_read_stdin(PINLIST_MAX, &text, &len, e) != 0)
        return -1;
    int rc = pinlist_read("standard input", text, p->host, p->port, &p->pins, e);
    free(text);
    return rc;
}

static int from_file(struct profile *p, const char *path, struct err *e)
{
    struct hostkeys keys = { 0 };

    int rc = knownhosts_read(path, p->host, p->port, &keys, e);
    for (size_t i = 0; rc == 0 && i < keys.count; i++)
        pins_add(&p->pins, &keys.items[i].pin);
    hostkeys_clear(&keys);
    return rc;
}

int pin_source_add(struct profile *p, const char *source, struct err *e)
{
    if (p->host == NULL)
        return err_set(e, ERR_PROFILE, "profile", "%s has no host", p->name);
    if (strcmp(source, "-") == 0)
        return from_stdin(p, e);
    if (strcmp(source, "known_hosts") != 0)
        return from_file(p, source, e);

    char *home = path_home(e);
    if (home == NULL)
        return -1;
    char *path = mem_printf("%s/.ssh/known_hosts", home);
    int rc = from_file(p, path, e);
    free(path);
    free(home);
    return rc;
}
