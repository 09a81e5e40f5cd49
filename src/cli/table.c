#include "cli/table.h"

#include "base/mem.h"
#include "cli/out.h"

#include <stdint.h>
#include <stdlib.h>

#define GAP 3 /* blanks between columns, as the docker CLI has them */

struct table {
    size_t columns;
    struct strv cells; /* row after row, escaped */
};

struct range {
    uint32_t from, to;
};

static const struct range zero_width[] = {
    { 0x0300, 0x036f },
    { 0x200b, 0x200f },
    { 0x20d0, 0x20ff },
    { 0xfe00, 0xfe0f },
};

static const struct range double_width[] = {
    { 0x1100, 0x115f },   { 0x2e80, 0xa4cf },   { 0xac00, 0xd7a3 },   { 0xf900, 0xfaff },
    { 0xfe30, 0xfe6f },   { 0xff00, 0xff60 },   { 0xffe0, 0xffe6 },   { 0x1f300, 0x1f64f },
    { 0x1f680, 0x1f6ff }, { 0x1f900, 0x1f9ff }, { 0x20000, 0x3fffd },
};

static int within(uint32_t c, const struct range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (c >= ranges[i].from && c <= ranges[i].to)
            return 1;
    return 0;
}

/* s is valid UTF-8, because out_escape() made it. */
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

size_t table_width(const char *s)
{
    const unsigned char *p = (const unsigned char *)s;
    size_t width = 0;

    while (*p != '\0') {
        uint32_t c = next_char(&p);
        if (within(c, double_width, sizeof double_width / sizeof *double_width))
            width += 2;
        else if (!within(c, zero_width, sizeof zero_width / sizeof *zero_width))
            width += 1;
    }
    return width;
}

struct table *table_new(size_t columns, const char *const *titles)
{
    struct table *t = mem_alloc(sizeof *t);

    t->columns = columns;
    if (titles != NULL)
        table_row(t, titles);
    return t;
}

void table_free(struct table *t)
{
    if (t == NULL)
        return;
    strv_clear(&t->cells);
    free(t);
}

void table_row(struct table *t, const char *const *cells)
{
    for (size_t i = 0; i < t->columns; i++) {
        char *escaped = out_escape(cells[i] != NULL ? cells[i] : "");
        strv_add(&t->cells, escaped);
        free(escaped);
    }
}

void table_pair(struct table *t, const char *key, const char *value)
{
    char *title = mem_printf("%s:", key);

    table_row(t, (const char *const[]){ title, value });
    free(title);
}

static void print_row(const struct table *t, char *const *row, const size_t *widths, FILE *out)
{
    size_t last = t->columns, column = 0;

    while (last > 0 && row[last - 1][0] == '\0')
        last--;
    for (; column < last; column++) {
        (void)fputs(row[column], out);
        if (column + 1 < last)
            (void)fprintf(out, "%*s", (int)(widths[column] - table_width(row[column])) + GAP, "");
    }
    (void)fputc('\n', out);
}

void table_print(const struct table *t, FILE *out)
{
    size_t *widths = mem_alloc(t->columns * sizeof *widths);

    for (size_t i = 0; i < t->cells.count; i++) {
        size_t width = table_width(t->cells.items[i]);
        if (width > widths[i % t->columns])
            widths[i % t->columns] = width;
    }
    for (size_t i = 0; i + t->columns <= t->cells.count; i += t->columns)
        print_row(t, t->cells.items + i, widths, out);
    free(widths);
}
