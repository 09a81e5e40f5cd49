/* err: one error on its way up to the code that shows it to the user.
 *
 * An error is filled once, by err_set(), where it is detected; callers on the
 * way up may add a hint or a prefix but never replace it. Nothing below cli/
 * prints it. Messages are safe to show on a terminal: control bytes that came
 * from outside (a server's banner, a file name) are escaped by err_set().
 * Callers never put key material or passphrases into a message.
 */
#ifndef DOCKTETHER_BASE_ERR_H
#define DOCKTETHER_BASE_ERR_H

#include <stdbool.h>

/* The numbers are the program's exit codes and part of its contract. */
enum err_code {
    ERR_NONE = 0,
    ERR_FAILED = 1,      /* any other reason */
    ERR_USAGE = 2,       /* wrong usage */
    ERR_PROFILE = 3,     /* no such profile, or the store cannot be read */
    ERR_HOSTKEY = 4,     /* host key not pinned, or not the pinned one */
    ERR_AUTH = 5,        /* authentication refused */
    ERR_UNREACHABLE = 6, /* name, TCP, timeout, or a hop on the way */
    ERR_SOCKET = 7,      /* the remote Docker socket cannot be used */
    ERR_POLICY = 8,      /* refused by the profile's own policy */
};

#define ERR_LAYER_SIZE 96 /* "hop NAME" is one */
#define ERR_MSG_SIZE 768
#define ERR_HINT_SIZE 512
#define ERR_FIX_SIZE 640

struct err {
    enum err_code code;
    char layer[ERR_LAYER_SIZE]; /* the part that failed, in the user's words: "host key", "TCP" */
    char msg[ERR_MSG_SIZE];     /* one sentence, no final full stop needed */
    char hint[ERR_HINT_SIZE];   /* advice, or "" */
    char fix[ERR_FIX_SIZE];     /* one command for a shell that does it, or "" */
    bool fix_there;             /* it is for a shell on the profile's host */
    bool later;                 /* the other side asked for patience: an attempt at once is in vain */
    bool passing;               /* the same attempt may succeed later, without anybody's doing */
};

#define ERR_INIT         \
    {                    \
        .code = ERR_NONE \
    }

/* Fills e and returns -1, so that `return err_set(...)` reads well. layer may
 * be "" where the message says it all. Hint and fix become empty. Arguments may
 * be parts of *e itself, so a caller can put a prefix before e->msg. e may be
 * NULL when the caller does not care. */
int err_set(struct err *e, enum err_code code, const char *layer, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* The same, with ": strerror(errno)" appended; errno stays as it is. */
int err_set_errno(struct err *e, enum err_code code, const char *layer, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Sets the hint; returns -1. The last call wins. */
int err_hint(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Sets the fix, for a shell here or on the host; returns -1. The caller checks or quotes
 * outside text in it, because people paste it. A fix that does not fit, or that would have
 * to be escaped, becomes "". */
int err_fix(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int err_fix_there(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The same for a command on a file, with the path in quotes:
 * "COMMAND 'PATH'", in the hint between before and after. */
int err_fix_file(struct err *e, const char *command, const char *path);
int err_hint_file(struct err *e, const char *before, const char *path, const char *after);

/* A command for err_fix_file(), for files that only a person can correct. */
#define ERR_EDITOR "${EDITOR:-vi}"

/* Writes "LAYER: MSG" (or "MSG") into buf. */
void err_text(const struct err *e, char *buf, unsigned long size);

/* Back to ERR_NONE. e may be NULL. */
void err_clear(struct err *e);

/* Copies src to dst (size bytes, always terminated), escaping every control
 * byte (C0, DEL, and C1 in UTF-8), characters that turn the direction of text, and
 * invalid UTF-8 as \xHH. A backslash stays one, so that text can be escaped
 * twice without harm. */
void err_escape(char *dst, unsigned long size, const char *src);

/* True when err_escape() would leave s as it is. */
bool err_printable(const char *s);

#endif
