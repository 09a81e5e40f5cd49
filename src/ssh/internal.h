/* internal: what the files of this folder share. The only header that
 * includes libssh's; nobody outside ssh/ includes it. */
#ifndef DOCKTETHER_SSH_INTERNAL_H
#define DOCKTETHER_SSH_INTERNAL_H

#include "base/err.h"
#include "base/log.h"
#include "ssh/connect.h"
#include "ssh/hostkey.h"
#include "ssh/identity.h"
#include "ssh/pubkey.h"
#include "ssh/session.h"
#include "ssh/wait.h"

/* Without the names of libssh 0.4, of which channel_close() and others are
 * ours now. All symbols but compat.c's are hidden, so they meet nowhere. */
#define LIBSSH_LEGACY_0_4
#include <libssh/callbacks.h>
#include <libssh/libssh.h>

struct channel;

/* What the server said first, for an error message. */
struct greeting {
    char text[64];
    bool seen;
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
    struct channel *closing; /* channels that were given up and are not finished */
    struct ssh_counter_struct packets;
    int64_t round_trip_us; /* the shortest that an answer has taken; -1: not known */
    bool widens;           /* libssh's windows can be enlarged, see channel_widen() */
    uint32_t window_spent; /* see ssh/channel-window.h */
    void *window_room;
};

/* session.c: wraps fd (taken over in any case) with our options set. hostkeys
 * is the list of host key algorithms to accept. NULL and an error on failure. */
struct session *session_new(int fd, const char *user, const char *hostkeys, struct log *log, struct err *e);

/* session.c: waits until libssh can go on. 0, or -1 with the phase's error. */
int session_wait(struct session *s, const struct wait *w, const char *layer, struct err *e);

/* session.c: WINDOW_MAX bytes that libssh may be told to fill. It fills what has
 * arrived, and pages that nobody touches cost no memory. NULL without address
 * space. */
void *session_window_room(struct session *s);

/* session.c: hands the session from its worker to the loop. */
int session_hand_over(struct session *s, struct err *e);

/* handshake.c: the server's banner alone; handshake_run() goes on from there. */
int handshake_banner(struct session *s, const struct wait *w, const char *target, struct err *e);

/* handshake.c: banners and key exchange. */
int handshake_run(struct session *s, const struct wait *w, const char *target, struct err *e);

/* hostkey.c */
int hostkey_describe(ssh_key key, struct hostkey *out);
void hostkeys_add(struct hostkeys *keys, const struct hostkey *key); /* unless it is there */
int hostkey_of_session(struct session *s, struct hostkey *out, struct err *e);
int hostkey_check(struct session *s, const struct pins *pins, const char *name, struct err *e);

/* hostkey.c: the algorithms by which a host can present the pinned keys (any
 * key, without pins), as libssh's SSH_OPTIONS_HOSTKEYS takes them; allocated. */
char *hostkey_algorithms(const struct pins *pins);

/* knownhosts.c: what a host is called there, "host" or "[host]:port"; allocated. */
char *knownhosts_name(const char *host, int64_t port);

/* knownhosts.c: one line without its marker, blanks between its fields. */
enum knownhosts_line { KNOWNHOSTS_TAKEN, KNOWNHOSTS_OTHER, KNOWNHOSTS_BROKEN };
enum knownhosts_line knownhosts_line(const char *name, const char *line, struct hostkey *key);

/* auth-methods.c: see connect_ask_methods(). */
int auth_methods_ask(struct session *s, const struct wait *w, struct connect_methods *m, struct err *e);

/* auth.c to compat.c: round trips that this offer of a key does without. */
struct shortcut {
    /* The key is offered without waiting for the answer to the request for
     * authentication as such. RFC 4253, 10 allows it after a key exchange that
     * proved who the server is, as all of libssh's do; Dropbear's client does
     * it. Not for RSA: how to sign is in the server's EXT_INFO, which precedes
     * that answer. */
    bool service;
    /* The server is not asked whether it would take the key before the agent
     * signs. */
    bool question;
};

/* auth.c: public key only. */
int auth_run(struct session *s, const struct connect_request *rq, const struct wait *w, struct err *e);

/* keyfile.c: one identity file. */
struct keyfile {
    char *path; /* or what errors call the descriptor */
    int fd;     /* the descriptor that it was read from, closed; -1: a file */
    char *text;
    size_t len;
    struct pubkey pub; /* empty while it is not known */
    ssh_key key;       /* private; NULL while encrypted, and when the file is a public key */
    bool encrypted;    /* the passphrase is wanted */
};

/* 0; 1 with an error when there is no such file; -1 with an error. *f is empty
 * then, and whatever it held is lost. */
int keyfile_read(struct keyfile *f, const char *file, const char *change, struct err *e);

/* Decrypts it with what ask says (NULL: nobody to ask), three times at most. */
int keyfile_unlock(struct keyfile *f, identity_ask_fn ask, void *user, struct err *e);

void keyfile_clear(struct keyfile *f); /* wipes it */

/* identity.c: what auth.c needs of it. */

/* One thing to offer: a key, or a certificate for it. */
struct identity {
    char *file;  /* that of the key or of the certificate, as the profile has it */
    char *blob;  /* what is offered, base64 */
    char *plain; /* the public key that signs, base64; the same without a certificate */
    ssh_key key; /* private, with the certificate; NULL when only the agent can sign */
};

struct certificate {
    char *file;
    struct pubkey key;
    bool used; /* by an identity of the profile */
};

struct identities {
    struct identity *items;
    size_t count;
    char *agent;                      /* the agent's socket, NULL: none is to be used */
    bool any_in_agent;                /* no identity was named: every key of the agent may be offered */
    struct certificate *certificates; /* those of the profile */
    size_t certificate_count;
};

/* "SHA256:..." of a public key in base64, or "" */
void identity_fingerprint(const char *blob, char out[PIN_FINGERPRINT_SIZE]);

/* channel.c: steps the channels that were given up. */
void channel_finish_closing(struct session *s);
void channel_abandon_all(struct session *s);

#endif
