#include "ui/out.h"

#include "base/mem.h"
#include "base/progname.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *out_escape(const char *s)
{
    size_t size = 4 * strlen(s) + 1;
    char *escaped = mem_alloc(size);

    err_escape(escaped, size, s);
    return escaped;
}

/* One write to standard error, so that lines of several processes on one
 * terminal do not mix. `program` may be "". */
static void message(const char *program, const char *profile, const char *text, const char *hint)
{
    char *name = out_escape(profile != NULL ? profile : "");
    char *said = progname_text(text), *advice = progname_text(hint);
    char *line = mem_printf("%s%s%s%s%s\n%s%s%s", program, program[0] ? ": " : "", name, name[0] ? ": " : "",
                            said, hint[0] ? "hint: " : "", advice, hint[0] ? "\n" : "");

    (void)fflush(stdout);
    (void)fputs(line, stderr);
    (void)fflush(stderr);
    free(line);
    free(advice);
    free(said);
    free(name);
}

void out_error(const char *profile, const struct err *e)
{
    char text[sizeof e->layer + sizeof e->msg + 4];

    err_text(e, text, sizeof text);
    message(progname(), profile, text, e->hint);
}

void out_note(const char *profile, const char *fmt, ...)
{
    char text[1024];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    char *escaped = out_escape(text);
    /* A person sees what has written it; in a log the line has to say so. */
    message(isatty(STDERR_FILENO) ? "" : progname(), profile, escaped, "");
    free(escaped);
}

json_t *out_json_string(const char *s)
{
    json_t *value = json_string(s);

    if (value == NULL) {
        char *escaped = out_escape(s);
        value = json_string(escaped);
        free(escaped);
    }
    return value;
}

void out_json(json_t *value, size_t flags)
{
    /* A failure of the stream stays with the stream: out_flush() reports it. */
    (void)json_dumpf(value, stdout, flags | OUT_JSON_REALS);
    (void)fputc('\n', stdout);
    json_decref(value);
}

int out_flush(struct err *e)
{
    errno = 0;
    if (fflush(stdout) != 0 || ferror(stdout)) {
        if (errno == 0)
            return err_set(e, ERR_FAILED, "", "cannot write to standard output");
        return err_set_errno(e, ERR_FAILED, "", "cannot write to standard output");
    }
    return 0;
}
