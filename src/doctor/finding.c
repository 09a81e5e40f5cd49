#include "doctor/finding.h"

#include "ui/out.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__attribute__((format(printf, 3, 0))) static void say(struct finding *f, enum verdict verdict,
                                                      const char *fmt, va_list ap)
{
    char text[ERR_MSG_SIZE + ERR_LAYER_SIZE];

    vsnprintf(text, sizeof text, fmt, ap);
    free(f->text);
    f->text = out_escape(text);
    f->verdict = verdict;
}

#define SAY(f, verdict, fmt)      \
    do {                          \
        va_list ap;               \
        va_start(ap, fmt);        \
        say(f, verdict, fmt, ap); \
        va_end(ap);               \
    } while (0)

void finding_ok(struct finding *f, const char *fmt, ...)
{
    SAY(f, VERDICT_OK, fmt);
}

void finding_skip(struct finding *f, const char *fmt, ...)
{
    SAY(f, VERDICT_SKIPPED, fmt);
}

void finding_block(struct finding *f, const char *fmt, ...)
{
    SAY(f, VERDICT_BLOCKED, fmt);
}

void finding_warn(struct finding *f, const char *fmt, ...)
{
    SAY(f, VERDICT_WARNING, fmt);
    err_clear(&f->err);
    f->err.code = ERR_FAILED;
}

void finding_fail(struct finding *f, enum err_code code, const char *fmt, ...)
{
    SAY(f, VERDICT_FAILED, fmt);
    err_clear(&f->err);
    f->err.code = code;
}

void finding_error(struct finding *f, enum verdict verdict, const struct err *e, const char *there)
{
    f->err = *e;
    if (f->err.code == ERR_NONE)
        f->err.code = ERR_FAILED;
    free(f->text);
    f->text = mem_strdup(e->msg);
    f->verdict = verdict;
    free(f->where);
    f->where = e->fix_there ? mem_strdup(there) : NULL;
}

void finding_hint(struct finding *f, const char *fmt, ...)
{
    char text[ERR_HINT_SIZE];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    err_hint(&f->err, "%s", text);
}

void finding_fix(struct finding *f, const char *where, const char *fmt, ...)
{
    char text[ERR_FIX_SIZE];
    va_list ap;

    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    /* Half a command is worse than none. */
    err_fix(&f->err, "%s", n >= 0 && (size_t)n < sizeof text ? text : "");
    free(f->where);
    f->where = mem_strdup(where);
}

void finding_more(struct finding *f, const char *fmt, ...)
{
    char text[ERR_MSG_SIZE];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    char *escaped = out_escape(text);
    strv_add(&f->more, escaped);
    free(escaped);
}

void finding_drop_prefix(struct finding *f, const char *layer)
{
    size_t len = strlen(layer);

    if (f->text != NULL && strncmp(f->text, layer, len) == 0 && strncmp(f->text + len, ": ", 2) == 0)
        memmove(f->text, f->text + len + 2, strlen(f->text + len + 2) + 1);
}

bool finding_well(const struct finding *f)
{
    return f->verdict == VERDICT_OK || f->verdict == VERDICT_WARNING || f->verdict == VERDICT_SKIPPED;
}

void finding_clear(struct finding *f)
{
    free(f->text);
    free(f->where);
    strv_clear(&f->more);
}
