/* runtime: the files of a running tether: NAME.sock, NAME.ctl, NAME.lock in
 * the runtime directory (0700), NAME.log in the state directory.
 *
 * A socket path that does not fit sun_path (107 bytes) has the first 16 hex
 * digits of the name's SHA-256 in place of the name. */
#ifndef DOCKTETHER_TETHER_RUNTIME_H
#define DOCKTETHER_TETHER_RUNTIME_H

#include "base/err.h"

#include <stdbool.h>
#include <sys/types.h>

struct runtime {
    char *dir;
    char *sock; /* the Docker API */
    char *ctl;
    char *lock;
    char *log;
    char *slots; /* shared by all profiles, see slot.h */
};

/* Works out the paths; creates nothing. */
int runtime_init(struct runtime *rt, const char *name, struct err *e);
void runtime_clear(struct runtime *rt);

/* The same below a new directory of mode 0700 that is made here, for one tether
 * that no other command finds. It is in the runtime directory where the login
 * has one ($XDG_RUNTIME_DIR, /run/user/UID) and that exists; else, as in a container
 * without a home, in $TMPDIR or /tmp: nobody else can enter or replace it, and its path is
 * short. What others have left in the runtime directory whose tether is gone is removed. */
int runtime_init_private(struct runtime *rt, struct err *e);

/* Removes what runtime_init_private() made with all that is in it. Who comes
 * second finds nothing to do. */
void runtime_discard(const struct runtime *rt);

/* The path of NAME.sock alone, allocated. */
char *runtime_socket_path(const char *name, struct err *e);

/* Creates the runtime and the state directory, privately. */
int runtime_prepare(const struct runtime *rt, struct err *e);

/* Takes the lock that makes this process NAME's tether, for as long as *fd is
 * open, and writes the process id into it. 0; 1 when another process holds
 * it; -1 on an error. */
int runtime_lock(const struct runtime *rt, int *fd, struct err *e);

/* The same for a lock that another process took and passed on to this one:
 * writes the process id. fd stays the caller's. */
int runtime_adopt(const struct runtime *rt, int fd, struct err *e);

/* True while some process holds the lock; *pid is its process id, or 0. */
bool runtime_locked(const struct runtime *rt, pid_t *pid);

/* True when somebody listens there. That somebody sees a connection come and go. */
bool runtime_listening(const char *path);

/* A listening unix socket, 0600, close-on-exec and non-blocking. A stale file
 * at path is removed first: call it with the lock held. -1 on an error, also
 * when somebody listens there already: a service manager. */
int runtime_listen(const char *path, struct err *e);

/* Removes sockets and lock; the lock must be held by the caller. Without sock the
 * Docker API's is left: it is somebody else's. */
void runtime_remove(const struct runtime *rt, bool sock);

#endif
