/* tether: one running profile: one SSH session, one listening socket, one
 * control socket, one loop. */
#ifndef DOCKTETHER_TETHER_TETHER_H
#define DOCKTETHER_TETHER_TETHER_H

#include "base/err.h"
#include "base/log.h"
#include "ssh/identity.h"
#include "store/profile.h"
#include "store/runtime.h"

#include <stdbool.h>

struct service;

struct tether_config {
    const struct profile *profile;
    const struct identities *identities;
    const struct runtime *runtime; /* prepared */
    /* Of lock_take(); the tether's from here. -1 with replace. */
    int lock;
    /* Takes the place of the tether that runs, as soon as it can serve: until
     * then it opens no socket, and when it cannot the other is left as it was. */
    bool replace;
    bool replaceable; /* another process may take its place */
    /* What a service manager has passed and hears; NULL: there is none. */
    const struct service *service;
    /* A first attempt that fails ends nothing: the sockets are there from the
     * beginning, with replace too, and say why clients are not served. */
    bool stays;
    struct log *log;
    /* One line of JSON is written here when the tether serves or has failed,
     * {"ok":true} or {"ok":false,"error":{...}}, or when another process takes its
     * place before that, {"replaced":true}: ask that one; when the other side goes away
     * before that, the tether ends. Lines that tell what is being waited for come
     * before it, see docs/PROTOCOL.md. -1: no process waits. Stays the caller's. */
    int ready_fd;
    bool bound;      /* ends when the other side of ready_fd goes away, also later */
    bool for_others; /* started as a hop: ends by itself when unused for the profile's hop-linger */
};

/* Runs until `down`, SIGTERM or SIGINT: 0. -1 with the error when the first
 * attempt fails, unless it stays; later failures are retried. Its files are removed before it
 * returns, unless another process has taken its place: then it returns 0 when
 * the last connection has ended. */
int tether_run(const struct tether_config *cfg, struct err *e);

/* libuv's version, "1.44.2". */
const char *tether_library(void);

#endif
