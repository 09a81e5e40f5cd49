#include "base/mem.h"
#include "cli/cmd.h"
#include "store/name.h"
#include "store/runtime.h"
#include "store/store.h"
#include "ui/out.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define POLL_MS 250
#define LINE_MAX_BYTES 16384 /* a longer line is shown in pieces */

/* A file that is read to its end, repeatedly with -f. */
struct unread_byte {
    int fd; /* -1: not open */
    size_t used;
    char line[LINE_MAX_BYTES + 1];
};

/* A log contains text of libraries and servers: no control byte of it reaches the terminal. */
static void print_line(struct unread_byte *t, size_t len)
{
    t->line[len] = '\0';
    for (size_t i = 0; i < len; i++)
        if (t->line[i] == '\0')
            t->line[i] = '?';
    char *escaped = out_escape(t->line);
    puts(escaped);
    free(escaped);
}

static void print_lines(struct unread_byte *t)
{
    char *newline;

    while ((newline = memchr(t->line, '\n', t->used)) != NULL || t->used == LINE_MAX_BYTES) {
        size_t len = newline != NULL ? (size_t)(newline - t->line) : t->used;
        size_t taken = newline != NULL ? len + 1 : len;
        print_line(t, len);
        t->used -= taken;
        memmove(t->line, t->line + taken, t->used);
    }
}

/* 0 when there is such a file, 1 when not. */
static int tail_open(struct unread_byte *t, const char *path, struct err *e)
{
    struct stat st;

    t->used = 0;
    t->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
    if (t->fd < 0 && errno == ENOENT)
        return 1;
    if (t->fd < 0)
        return err_set_errno(e, ERR_FAILED, "log", "cannot open %s", path);
    if (fstat(t->fd, &st) == 0 && S_ISREG(st.st_mode))
        return 0;
    close(t->fd);
    t->fd = -1;
    return err_set(e, ERR_FAILED, "log", "%s is not a regular file", path);
}

static void tail_close(struct unread_byte *t)
{
    if (t->fd < 0)
        return;
    if (t->used > 0)
        print_line(t, t->used); /* a last line without a newline */
    close(t->fd);
    t->fd = -1;
    t->used = 0;
}

static int unread_byte_read(struct unread_byte *t, struct err *e)
{
    struct stat st;

    /* A tether that could not rotate the file has truncated it: start over. */
    if (fstat(t->fd, &st) == 0 && lseek(t->fd, 0, SEEK_CUR) > st.st_size)
        (void)lseek(t->fd, 0, SEEK_SET);
    for (;;) {
        ssize_t n = read(t->fd, t->line + t->used, LINE_MAX_BYTES - t->used);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_set_errno(e, ERR_FAILED, "log", "cannot read the log");
        if (n == 0)
            return 0;
        t->used += (size_t)n;
        print_lines(t);
    }
}

/* True when path now names another file, or none. */
static bool rotated(const struct unread_byte *t, const char *path)
{
    struct stat open_file, there;

    if (fstat(t->fd, &open_file) != 0 || stat(path, &there) != 0)
        return false;
    return open_file.st_ino != there.st_ino || open_file.st_dev != there.st_dev;
}

/* Sleeps; false when the reader of our output is gone. */
static bool pause_for_more(void)
{
    struct pollfd out = { .fd = STDOUT_FILENO };

    return poll(&out, 1, POLL_MS) <= 0 || (out.revents & (POLLERR | POLLHUP | POLLNVAL)) == 0;
}

static int follow(struct unread_byte *t, const char *path, struct err *e)
{
    do {
        if (t->fd < 0 && tail_open(t, path, e) < 0)
            return -1;
        if (t->fd < 0)
            continue;
        /* Asked before reading: a file that was replaced gets no more lines
         * after this read. */
        bool replaced = rotated(t, path);
        if (unread_byte_read(t, e) != 0)
            return -1;
        if (replaced)
            tail_close(t);
        if (out_flush(e) != 0)
            return -1;
    } while (pause_for_more());
    return 0;
}

static int print_file(struct unread_byte *t, const char *path, struct err *e)
{
    int rc = tail_open(t, path, e);

    if (rc == 0)
        rc = unread_byte_read(t, e);
    return rc;
}

static int print_logs(const char *name, const char *path, bool following, struct err *e)
{
    struct unread_byte *t = mem_alloc(sizeof *t);
    char *older = mem_printf("%s.1", path);
    int rc = -1;

    t->fd = -1;
    int had_older = print_file(t, older, e);
    tail_close(t);
    int had = had_older < 0 ? -1 : print_file(t, path, e);
    if (had_older >= 0 && had >= 0) {
        rc = 0;
        if (following)
            rc = follow(t, path, e);
        else if (had_older == 1 && had == 1)
            out_note(name, "there is no log yet");
    }
    tail_close(t);
    free(older);
    free(t);
    return rc;
}

int cmd_logs(const struct args *args, struct err *e)
{
    const char *name = args->operands[0];
    struct runtime rt = { 0 };

    if (name_check(name, e) != 0 || runtime_init(&rt, name, e) != 0)
        return -1;
    int rc = 0;
    if (!store_exists(name) && access(rt.log, F_OK) != 0) {
        /* No such profile, and nothing left of one: the store says which is near. */
        struct profile *p = store_load(name, e);
        rc = p != NULL ? 0 : -1;
        profile_free(p);
    }
    if (rc == 0)
        rc = print_logs(name, rt.log, args_has(args, "follow"), e);
    runtime_clear(&rt);
    return rc;
}
