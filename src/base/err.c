#include "base/err.h"

#include "base/quote.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Characters that change the direction or the lines of the text around them (U+2028..U+202E,
 * U+2066..U+2069), so that it reads as something else. */
static bool misleads(const unsigned char *s)
{
    return s[0] == 0xe2 &&
           ((s[1] == 0x80 && s[2] >= 0xa8 && s[2] <= 0xae) || (s[1] == 0x81 && s[2] >= 0xa6 && s[2] <= 0xa9));
}

/* Length of the valid UTF-8 sequence at s, or 0. Overlong forms and
 * surrogates count as invalid; C1 controls (U+0080..U+009F) too, because
 * terminals obey them. */
static size_t printable_len(const unsigned char *s)
{
    if (s[0] >= 0x20 && s[0] < 0x7f)
        return 1;
    if (s[0] < 0xc2 || s[0] > 0xf4)
        return 0;

    size_t len = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    for (size_t i = 1; i < len; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((s[0] == 0xc2 && s[1] < 0xa0) || misleads(s))
        return 0;
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f))
        return 0;
    if ((s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
        return 0;
    return len;
}

void err_escape(char *dst, unsigned long size, const char *src)
{
    static const char hex[] = "0123456789abcdef";
    const unsigned char *s = (const unsigned char *)src;
    size_t used = 0;

    if (size == 0)
        return;
    while (*s != '\0') {
        size_t len = printable_len(s);
        if (used + (len ? len : 4) >= size)
            break;
        if (len > 0) {
            memcpy(dst + used, s, len);
            used += len;
            s += len;
        } else {
            dst[used++] = '\\';
            dst[used++] = 'x';
            dst[used++] = hex[*s >> 4];
            dst[used++] = hex[*s & 15];
            s++;
        }
    }
    dst[used] = '\0';
}

bool err_printable(const char *s)
{
    const unsigned char *p = (const unsigned char *)s;

    while (*p != '\0') {
        size_t len = printable_len(p);
        if (len == 0)
            return false;
        p += len;
    }
    return true;
}

static void fill(struct err *e, enum err_code code, const char *layer, const char *text)
{
    e->code = code;
    if (layer != e->layer)
        snprintf(e->layer, sizeof e->layer, "%s", layer ? layer : "");
    err_escape(e->msg, sizeof e->msg, text);
    e->hint[0] = e->fix[0] = '\0';
    e->fix_there = false;
    e->later = e->passing = false;
}

int err_set(struct err *e, enum err_code code, const char *layer, const char *fmt, ...)
{
    char text[ERR_MSG_SIZE];
    va_list ap;

    if (e == NULL)
        return -1;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    fill(e, code, layer, text);
    return -1;
}

int err_set_errno(struct err *e, enum err_code code, const char *layer, const char *fmt, ...)
{
    int saved = errno;
    char text[ERR_MSG_SIZE];
    va_list ap;

    if (e == NULL)
        return -1;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (n >= 0 && (size_t)n < sizeof text)
        snprintf(text + n, sizeof text - (size_t)n, ": %s", strerror(saved));
    fill(e, code, layer, text);
    errno = saved;
    return -1;
}

int err_hint(struct err *e, const char *fmt, ...)
{
    char text[ERR_HINT_SIZE];
    va_list ap;

    if (e == NULL)
        return -1;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    err_escape(e->hint, sizeof e->hint, text);
    return -1;
}

__attribute__((format(printf, 3, 0))) static void set_fix(struct err *e, bool there, const char *fmt,
                                                          va_list ap)
{
    char text[ERR_FIX_SIZE] = "";
    int n = vsnprintf(text, sizeof text, fmt, ap);

    if (n < 0 || (size_t)n >= sizeof text || !err_printable(text))
        text[0] = '\0';
    memcpy(e->fix, text, sizeof e->fix);
    e->fix_there = there;
}

int err_fix(struct err *e, const char *fmt, ...)
{
    va_list ap;

    if (e == NULL)
        return -1;
    va_start(ap, fmt);
    set_fix(e, false, fmt, ap);
    va_end(ap);
    return -1;
}

int err_fix_there(struct err *e, const char *fmt, ...)
{
    va_list ap;

    if (e == NULL)
        return -1;
    va_start(ap, fmt);
    set_fix(e, true, fmt, ap);
    va_end(ap);
    return -1;
}

int err_fix_file(struct err *e, const char *command, const char *path)
{
    char *word = quote_sh(path);

    err_fix(e, "%s %s", command, word);
    free(word);
    return -1;
}

int err_hint_file(struct err *e, const char *before, const char *path, const char *after)
{
    char *word = quote_sh(path);

    err_hint(e, "%s %s%s", before, word, after);
    free(word);
    return -1;
}

void err_text(const struct err *e, char *buf, unsigned long size)
{
    if (e->layer[0] != '\0')
        snprintf(buf, size, "%s: %s", e->layer, e->msg);
    else
        snprintf(buf, size, "%s", e->msg);
}

void err_clear(struct err *e)
{
    if (e != NULL)
        memset(e, 0, sizeof *e);
}
