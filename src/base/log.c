#include "base/log.h"

#include "base/mem.h"
#include "base/time.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct log {
    pthread_mutex_t lock;
    char *name;
    enum log_level level;
    char *path;    /* NULL: standard error as it was given to us */
    unsigned lost; /* lines dropped because the output was not read */
};

static const char *const level_names[] = { "error", "warn", "info", "debug" };

struct log *log_new(const char *name, enum log_level level)
{
    struct log *log = mem_alloc(sizeof *log);

    pthread_mutex_init(&log->lock, NULL);
    log->name = mem_strdup(name);
    log->level = level;
    return log;
}

void log_free(struct log *log)
{
    if (log == NULL)
        return;
    pthread_mutex_destroy(&log->lock);
    free(log->path);
    free(log->name);
    free(log);
}

/* Makes path standard error. */
static int attach(const char *path, struct err *e)
{
    struct stat st;
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600);

    if (fd < 0)
        return err_set_errno(e, ERR_FAILED, "log", "cannot open %s", path);
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return err_set(e, ERR_FAILED, "log", "%s is not a regular file", path);
    }
    if (fchmod(fd, 0600) != 0 || dup2(fd, STDERR_FILENO) < 0) {
        err_set_errno(e, ERR_FAILED, "log", "cannot write to %s", path);
        close(fd);
        return -1;
    }
    if (fd != STDERR_FILENO)
        close(fd);
    return 0;
}

int log_to_file(struct log *log, const char *path, struct err *e)
{
    if (attach(path, e) != 0)
        return -1;
    mem_replace(&log->path, path);
    return 0;
}

/* If the old file cannot be moved away it is truncated instead: the log is always
 * bounded. */
static void rotate(struct log *log)
{
    char *old = mem_printf("%s.1", log->path);

    if ((rename(log->path, old) != 0 || attach(log->path, NULL) != 0) && ftruncate(STDERR_FILENO, 0) != 0) {
        /* Nothing is left to try. */
    }
    free(old);
}

/* The file is asked, not a counter of ours: libraries write to it too. */
static bool full(size_t more)
{
    struct stat st;

    return fstat(STDERR_FILENO, &st) == 0 && st.st_size + (off_t)more > LOG_FILE_MAX;
}

/* False where a write would block: a pipe or a terminal that is not read. A tether must not
 * wait for the reader of its log. */
static bool takes_a_line(void)
{
    struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };

    return poll(&p, 1, 0) != 0;
}

static void put_line(struct log *log, const char *line, size_t len)
{
    char note[80];

    if (log->path == NULL && !takes_a_line()) {
        log->lost++;
        return;
    }
    if (log->lost > 0) {
        int size = snprintf(note, sizeof note, "%u lines were lost, because they were not read in time\n",
                            log->lost);
        log->lost = 0;
        if (write(STDERR_FILENO, note, (size_t)size) < 0 || (log->path == NULL && !takes_a_line()))
            return;
    }
    if (write(STDERR_FILENO, line, len) < 0) {
        /* A full disk must not stop a tether. */
    }
}

static void emit(struct log *log, enum log_level level, const char *text)
{
    char stamp[32], escaped[1400], line[1600];

    time_format_utc(time_wall_ms(), stamp, sizeof stamp);
    err_escape(escaped, sizeof escaped, text);
    int len = snprintf(line, sizeof line, "%s %s %s: %s\n", stamp, level_names[level], log->name, escaped);
    if (len < 0)
        return;
    if ((size_t)len >= sizeof line)
        len = sizeof line - 1;

    pthread_mutex_lock(&log->lock);
    if (log->path != NULL && full((size_t)len))
        rotate(log);
    put_line(log, line, (size_t)len);
    pthread_mutex_unlock(&log->lock);
}

void log_write(struct log *log, enum log_level level, const char *fmt, ...)
{
    char text[1200];
    va_list ap;

    if (log == NULL || level > log->level)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    emit(log, level, text);
}

void log_err(struct log *log, enum log_level level, const struct err *e)
{
    char text[900];

    if (log == NULL || level > log->level)
        return;
    err_text(e, text, sizeof text);
    emit(log, level, text);
    if (e->hint[0] != '\0') {
        snprintf(text, sizeof text, "hint: %s", e->hint);
        emit(log, level, text);
    }
}
