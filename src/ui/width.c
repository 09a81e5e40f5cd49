#include "ui/width.h"

#include "base/mem.h"

#include <stdbool.h>
#include <stdint.h>

#define ELLIPSIS "\xe2\x80\xa6"

struct range {
    uint32_t from, to;
};

static const struct range zero_width[] = {
    { 0x0300, 0x036f }, { 0x0591, 0x05bd }, { 0x0610, 0x061a },   { 0x064b, 0x065f },
    { 0x200b, 0x200f }, { 0x2060, 0x2064 }, { 0x20d0, 0x20ff },   { 0xfe00, 0xfe0f },
    { 0xfe20, 0xfe2f }, { 0xfeff, 0xfeff }, { 0xe0100, 0xe01ef },
};

static const struct range double_width[] = {
    { 0x1100, 0x115f },   { 0x231a, 0x231b },   { 0x23e9, 0x23ec },   { 0x2614, 0x2615 },
    { 0x2648, 0x2653 },   { 0x26a1, 0x26a1 },   { 0x2705, 0x2705 },   { 0x274c, 0x274c },
    { 0x2753, 0x2757 },   { 0x2795, 0x2797 },   { 0x2b50, 0x2b55 },   { 0x2e80, 0xa4cf },
    { 0xac00, 0xd7a3 },   { 0xf900, 0xfaff },   { 0xfe30, 0xfe6f },   { 0xff00, 0xff60 },
    { 0xffe0, 0xffe6 },   { 0x1f300, 0x1f64f }, { 0x1f680, 0x1f6ff }, { 0x1f900, 0x1f9ff },
    { 0x20000, 0x3fffd },
};

static bool within(uint32_t c, const struct range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (c >= ranges[i].from && c <= ranges[i].to)
            return true;
    return false;
}

static uint32_t next_char(const unsigned char **s)
{
    const unsigned char *p = *s;
    int more = p[0] < 0x80 ? 0 : p[0] < 0xe0 ? 1 : p[0] < 0xf0 ? 2 : 3;
    uint32_t c = more == 0 ? p[0] : p[0] & (0x3fu >> more);

    for (p++; more > 0 && *p != '\0'; more--, p++)
        c = c << 6 | (*p & 0x3fu);
    *s = p;
    return c;
}

static size_t char_width(uint32_t c)
{
    if (within(c, zero_width, sizeof zero_width / sizeof *zero_width))
        return 0;
    return within(c, double_width, sizeof double_width / sizeof *double_width) ? 2 : 1;
}

size_t width_of(const char *s)
{
    const unsigned char *p = (const unsigned char *)s;
    size_t width = 0;

    while (*p != '\0')
        width += char_width(next_char(&p));
    return width;
}

char *width_cut(const char *s, size_t columns)
{
    const unsigned char *p = (const unsigned char *)s, *end = p;
    size_t width = 0;

    if (width_of(s) <= columns)
        return mem_strdup(s);
    if (columns == 0)
        return mem_strdup("");
    while (*p != '\0') {
        width += char_width(next_char(&p));
        if (width > columns - 1)
            break;
        end = p;
    }
    return mem_printf("%.*s" ELLIPSIS, (int)(end - (const unsigned char *)s), s);
}
