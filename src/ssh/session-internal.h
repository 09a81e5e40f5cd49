/* session-internal: a session as the other files of this folder see it. */
#ifndef DOCKTETHER_SSH_SESSION_INTERNAL_H
#define DOCKTETHER_SSH_SESSION_INTERNAL_H

#include "base/err.h"
#include "base/log.h"
#include "ssh/libssh.h"
#include "ssh/session.h"
#include "ssh/wait.h"
#include "store/pin.h"

/* What the server said first, for an error message. */
struct greeting {
    char text[64];
    bool seen;
};

/* Something that was given up and that the session still has to end properly:
 * a part of the object that it ends. */
struct closing {
    bool (*finish)(struct closing *c);  /* one step; true when nothing is left to do */
    void (*destroy)(struct closing *c); /* frees the object */
    struct closing *next;
};

struct session {
    ssh_session ssh;
    ssh_event event; /* NULL while a worker owns the session */
    int fd;          /* libssh's; closed by us only while ssh_get_fd() still names it */
    int poll_fd;     /* a duplicate that stays ours */
    bool dead;       /* the connection is lost: no more calls that send */
    bool overrun;    /* the server sends more than any window has room for */
    bool shaken;     /* banners and keys are exchanged */
    bool refused;    /* they cannot be: libssh must not be asked again */
    struct greeting greeting;
    struct log *log; /* not owned, may be NULL */
    struct pin host_key;
    char *identity;
    struct closing *closing; /* the channels that were given up and are not finished */
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

/* Steps c at each session_pump() and destroys it once it is finished, or with
 * the session. */
void session_add_closing(struct session *s, struct closing *c);

#endif
