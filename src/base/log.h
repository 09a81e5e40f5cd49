/* log: one line an event, "2026-11-22T03:38:08Z info prod: text", control
 * bytes escaped, written with one write(2). Never key material. A line for a pipe or a
 * terminal that is not read is dropped, and counted there later: no caller waits.
 *
 * A struct log may be used from several threads at once. Under a detached
 * tether it owns a bounded file: at LOG_FILE_MAX bytes the file is renamed to
 * NAME.log.1 and begun anew, and standard error follows it, so that the output
 * of libraries and sanitizers is kept too. */
#ifndef DOCKTETHER_BASE_LOG_H
#define DOCKTETHER_BASE_LOG_H

#include "base/err.h"

#define LOG_FILE_MAX (1024 * 1024)

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

struct log;

/* Lines go to standard error. name (a profile's) is copied. */
struct log *log_new(const char *name, enum log_level level);

/* Sends lines and standard error to path (0600, its directory must exist). */
int log_to_file(struct log *log, const char *path, struct err *e);

void log_free(struct log *log);

/* log may be NULL: nothing is written. */
void log_write(struct log *log, enum log_level level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void log_err(struct log *log, enum log_level level, const struct err *e);

#define log_error(log, ...) log_write(log, LOG_ERROR, __VA_ARGS__)
#define log_warn(log, ...) log_write(log, LOG_WARN, __VA_ARGS__)
#define log_info(log, ...) log_write(log, LOG_INFO, __VA_ARGS__)
#define log_debug(log, ...) log_write(log, LOG_DEBUG, __VA_ARGS__)

#endif
