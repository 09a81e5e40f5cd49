/* runtime: the files of a running tether: NAME.sock, NAME.ctl, NAME.lock in
 * the runtime directory (0700), NAME.log in the state directory.
 *
 * A socket path that does not fit sun_path (107 bytes) has the first 16 hex
 * digits of the name's SHA-256 in place of the name. */
#ifndef DOCKTETHER_STORE_RUNTIME_H
#define DOCKTETHER_STORE_RUNTIME_H

#include "base/err.h"

#include <stdbool.h>

struct runtime {
    char *dir;
    char *sock; /* the Docker API */
    char *ctl;
    char *lock;
    char *log;
    char *slots; /* shared by all profiles, see login-slots.h */
};

/* Works out the paths; creates nothing. */
int runtime_init(struct runtime *rt, const char *name, struct err *e);
void runtime_clear(struct runtime *rt);

/* The path of NAME.sock alone, allocated. */
char *runtime_socket_path(const char *name, struct err *e);

/* "unix://" and that path, allocated. */
char *runtime_url(const char *name, struct err *e);

/* Creates the runtime and the state directory, privately. */
int runtime_prepare(const struct runtime *rt, struct err *e);

/* Removes sockets and lock; the caller holds the lock. sock == false leaves the socket of the
 * Docker API: it belongs to another process. */
void runtime_remove(const struct runtime *rt, bool sock);

#endif
