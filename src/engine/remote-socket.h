/* remote-socket: the question to the remote shell about Docker sockets, the meaning of
 * its answer, and the error that follows from it. Pure. */
#ifndef DOCKTETHER_ENGINE_REMOTE_SOCKET_H
#define DOCKTETHER_ENGINE_REMOTE_SOCKET_H

#include "base/err.h"
#include "store/profile.h"

#include <stdbool.h>
#include <stddef.h>

#define REMOTE_PATH_SIZE 108
#define REMOTE_PLACES_MAX 8

enum remote_socket_state {
    REMOTE_UNKNOWN, /* the remote shell gave no answer */
    REMOTE_ABSENT,
    REMOTE_NO_SOCKET, /* another kind of file */
    REMOTE_CLOSED,    /* a directory above it may not be entered */
    REMOTE_DENIED,    /* it may not be written to */
    REMOTE_USABLE,    /* as far as permissions go */
};

struct remote_socket_place {
    enum remote_socket_state state;
    char path[REMOTE_PATH_SIZE];
    /* Of the directory when closed, of the socket when denied; mode -1: not told. */
    char barrier[REMOTE_PATH_SIZE];
    int mode;
    char owner[33], group[33];
};

struct remote_socket_answer {
    bool answered;
    char user[33];
    char groups[512]; /* the login's, with a blank before and after each */
    struct remote_socket_place places[REMOTE_PLACES_MAX];
    size_t count;
};

/* A command for the remote shell, allocated: how it is with the profile's
 * socket, or, for "auto", with every place where Docker and Podman are known
 * to keep theirs, the likeliest first. POSIX sh; from another login shell
 * (fish, csh) it works too, and whatever cannot run it gives no answer. */
char *remote_socket_question(const struct profile *p);

/* A command for the remote shell, allocated: does anybody listen at the socket?
 * The kernel's list can say yes; whatever there can connect says no as well. */
char *remote_listening_question(const char *socket);

enum remote_socket_listening { REMOTE_LISTENING_UNKNOWN, REMOTE_LISTENING_YES, REMOTE_LISTENING_NO };
enum remote_socket_listening remote_socket_parse_listening(const char *reply);

/* Takes what the command printed; lines of others (a talkative ~/.bashrc) are
 * passed over. */
void remote_socket_parse(const char *reply, struct remote_socket_answer *out);

/* The places to try without an answer. */
void remote_socket_guess(const struct profile *p, struct remote_socket_answer *out);

/* True when a socket is there that this login may not use. */
bool remote_socket_forbidden(const struct remote_socket_answer *a);

/* The error that follows, ERR_SOCKET. known: the results of the attempts so far. */
void remote_socket_explain(const struct remote_socket_answer *a, const struct profile *p, const char *known,
                           struct err *e);

#endif
