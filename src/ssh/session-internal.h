/* session-internal: a session as the other files of this folder see it. */
#ifndef DOCKTETHER_SSH_SESSION_INTERNAL_H
#define DOCKTETHER_SSH_SESSION_INTERNAL_H

#include "base/err.h"
#include "base/log.h"
#include "ssh/call-context.h"
#include "ssh/closing.h"
#include "ssh/libssh.h"
#include "ssh/session.h"
#include "ssh/wait.h"
#include "store/pin.h"

/* What the server said first, for an error message. */
struct greeting {
    char text[64];
    bool seen;
};

struct session {
    ssh_session ssh;
    ssh_event event;       /* NULL while a worker owns the session */
    int fd;                /* libssh's; closed by us only while ssh_get_fd() still names it */
    int poll_fd;           /* a duplicate that stays ours */
    bool dead;             /* the connection is lost: no more calls that send */
    bool shaken;           /* banners and keys are exchanged */
    bool refused;          /* they cannot be: libssh must not be asked again */
    bool forged;           /* the server did not prove its host key */
    char first_error[200]; /* of the handshake, which later ones may hide */
    struct greeting greeting;
    struct log *log;             /* not owned, may be NULL */
    struct err fault;            /* why the session is given up; ERR_NONE: it is not */
    struct watchdog *watchdog;   /* of calls of libssh's, see session_enter(); may be NULL */
    struct call_context context; /* of them */
    struct pin host_key;
    struct pins trusted; /* the keys that may prove the server, at every key exchange */
    /* Looks again whether the latest one is among them: 0, or -1 with an error. NULL
     * before the first. */
    int (*recheck)(struct session *s, struct err *e);
    int64_t rechecked_ms;
    size_t late; /* bytes that libssh holds for channels that were given up */
    bool bulk;   /* windows have grown since session_give_back() */
    uint64_t rechecked_packets;
    char *identity;
    struct closings closing; /* the channels that were given up and are not finished */
    unsigned opens;          /* of channels, so far */
    struct ssh_counter_struct packets;
    int64_t round_trip_us; /* the shortest that an answer has taken; -1: not known */
    bool widens;           /* libssh 0.10: its windows are enlarged by reading, see channel_widen() */
    bool grants;           /* 0.11 and newer: by an answer, see ssh/window-grant.h */
    unsigned missing;      /* which functions of ours libssh does not call: enum interposed */
    uint32_t window_spent; /* see ssh/channel-window.h */
    void *window_room;
};

/* Wraps fd (taken over in any case) with our options set. hostkeys is the list
 * of host key algorithms to accept. NULL and an error on failure. */
struct session *session_new(int fd, const char *user, const char *hostkeys, struct log *log, struct err *e);

/* Waits until libssh can go on. 0, or -1 with the phase's error. */
int session_wait(struct session *s, const struct wait *w, const char *layer, struct err *e);

/* WINDOW_MAX bytes that libssh may be told to fill. It fills what has arrived,
 * and pages that nobody touches cost no memory. NULL without address space. */
void *session_window_room(struct session *s);

/* Notes that libssh has dropped data that came beyond the window, which 0.11 and newer do with no
 * more than an error: to be called before anything that such a server sent is believed. */
bool session_overrun(struct session *s);

/* Hands the session from its worker to the loop. */
int session_hand_over(struct session *s, struct err *e);

/* The addresses of those pages may hold memory after the last wide window is gone:
 * gives it back, and what the heap has left over. */
void session_give_back(struct session *s);

/* Gives the session up, for the first reason of several: session_pump() tells it. */
void session_give_up(struct session *s, enum err_code code, const char *layer, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Around each call of libssh's that may loop: a thread ends the connection when it
 * does not return. Not around one that waits for a person (an agent), and not
 * nested. */
void session_enter(struct session *s);
void session_leave(struct session *s);

/* The reason that libssh has for the end of a connection, or "". When a socket is
 * closed already it takes some errno for the reason, which is none. */
const char *session_reason(const struct session *s);

#endif
