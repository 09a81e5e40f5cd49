/* file: whole files in and out, with the checks that files of ours need. */
#ifndef DOCKTETHER_BASE_FILE_H
#define DOCKTETHER_BASE_FILE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

enum file_trust {
    FILE_ANY,    /* any regular file */
    FILE_PRIVATE /* ours or root's, as is a symbolic link to it, and not writable by group or others */
};

/* Reads a regular file of at most max bytes into an allocated, terminated
 * buffer (*len without the terminator). Returns 0; 1 when there is no such
 * file (no error is set); -1 with an error. A directory, a fifo, an oversized
 * file, a file with NUL bytes and, with FILE_PRIVATE, one that others could
 * have written are errors. Never blocks on a fifo. */
int file_read(const char *path, enum file_trust trust, size_t max, char **data, size_t *len, struct err *e);

/* The same with any trust, for a secret: into a buffer that never moves, so that
 * wiping *data leaves no copy behind. On an error nothing is left of it. *st (may be
 * NULL) tells about the file that was read. */
int file_read_secret(const char *path, size_t max, char **data, size_t *len, struct stat *st, struct err *e);

/* Reads standard input to its end, by the same rules; blocks. 0 or -1. */
int file_read_stdin(size_t max, char **data, size_t *len, struct err *e);

/* Reads an open descriptor to its end, by the same rules, into a buffer that
 * never moves, so that wiping it leaves no copy behind. name is for errors. Waits for timeout_ms in all. */
int file_read_fd(int fd, const char *name, size_t max, int64_t timeout_ms, char **data, size_t *len,
                 struct err *e);

/* Writes a temporary file beside path, fsyncs, renames over it and fsyncs the
 * directory. With replace == false an existing path is an error (errno EEXIST
 * is kept in that case). mode is exact, under any umask. A symbolic link
 * at path is replaced, not followed. On failure nothing is left of it, neither
 * after a signal nor beyond `ulimit -f`. */
int file_write(const char *path, const void *data, size_t len, mode_t mode, bool replace, struct err *e);

struct file_writing {
    mode_t mode;
    bool replace;
    bool keep_access;                 /* of the file that is replaced: owner, group and mode */
    bool (*still_wanted)(void *user); /* asked right before the rename; may be NULL */
    void *user;
};

/* The same; 1, and nothing is written, when it is not wanted any more. */
int file_write_as(const char *path, const void *data, size_t len, const struct file_writing *how,
                  struct err *e);

/* Creates path and its missing parents (the parents 0755 less umask, the last
 * with mode less umask). An existing path must be a directory. */
int file_mkdirs(const char *path, mode_t mode, struct err *e);

/* The same for a directory that no other user may write to: it is created 0700,
 * and an existing one that is a symbolic link, belongs to another user or can
 * be written by group or others is an error; read permission for others is
 * taken away. */
int file_mkdir_private(const char *path, struct err *e);

/* Looks at an existing directory by the same rules and changes nothing.
 * Returns 0; 1 when there is no such directory (no error is set); -1 with an
 * error. */
int file_check_dir(const char *path, struct err *e);

#endif
