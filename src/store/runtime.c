#include "store/runtime.h"

#include "base/digest.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/unixsock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *socket_file(const char *dir, const char *name, const char *suffix, struct err *e)
{
    char hash[DIGEST_HEX_SIZE];

    char *path = mem_printf("%s/%s.%s", dir, name, suffix);
    if (strlen(path) <= UNIXSOCK_PATH_MAX)
        return path;
    free(path);
    digest_sha256_hex(name, strlen(name), hash);
    path = mem_printf("%s/%.16s.%s", dir, hash, suffix);
    if (strlen(path) <= UNIXSOCK_PATH_MAX)
        return path;
    free(path);
    err_set(e, ERR_FAILED, "runtime", "%s is too long a path for a unix socket", dir);
    err_hint(e, "set XDG_RUNTIME_DIR to a shorter path");
    return NULL;
}

int runtime_init(struct runtime *rt, const char *name, struct err *e)
{
    memset(rt, 0, sizeof *rt);
    char *state = path_state_dir(e);
    if (state != NULL)
        rt->dir = path_runtime_dir(e);
    if (rt->dir != NULL) {
        rt->sock = socket_file(rt->dir, name, "sock", e);
        rt->ctl = rt->sock != NULL ? socket_file(rt->dir, name, "ctl", e) : NULL;
        rt->lock = mem_printf("%s/%s.lock", rt->dir, name);
        rt->log = mem_printf("%s/%s.log", state, name);
        /* No name of a profile begins with a full stop. */
        rt->slots = mem_printf("%s/.logins", rt->dir);
    }
    free(state);
    if (rt->ctl != NULL)
        return 0;
    runtime_clear(rt);
    return -1;
}

void runtime_clear(struct runtime *rt)
{
    free(rt->dir);
    free(rt->sock);
    free(rt->ctl);
    free(rt->lock);
    free(rt->log);
    free(rt->slots);
    memset(rt, 0, sizeof *rt);
}

char *runtime_socket_path(const char *name, struct err *e)
{
    struct runtime rt;

    if (runtime_init(&rt, name, e) != 0)
        return NULL;
    char *path = mem_strdup(rt.sock);
    runtime_clear(&rt);
    return path;
}

char *runtime_url(const char *name, struct err *e)
{
    char *path = runtime_socket_path(name, e);

    if (path == NULL)
        return NULL;
    char *url = mem_printf("unix://%s", path);
    free(path);
    return url;
}

int runtime_prepare(const struct runtime *rt, struct err *e)
{
    char *state = path_state_dir(e);

    if (state == NULL)
        return -1;
    int rc = file_mkdir_private(state, e);
    free(state);
    return rc == 0 ? file_mkdir_private(rt->dir, e) : -1;
}

void runtime_remove(const struct runtime *rt, bool sock)
{
    if (sock)
        unlink(rt->sock);
    unlink(rt->ctl);
    unlink(rt->lock); /* last: without the lock there are no sockets either */
}
