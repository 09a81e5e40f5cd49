#include "ui/table.h"

#include "ui/out.h"
#include "ui/width.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define GAP 3       /* blanks between columns, as in the docker CLI */
#define LAST_MIN 32 /* width that the last column keeps while others are whole */
#define PINCHED_MIN 10
#define FIRST_MIN 4

struct table {
    size_t columns;
    struct strv cells;    /* row after row, escaped */
    unsigned char *paint; /* the style of each */
};

struct table *table_new(size_t columns, const char *const *titles)
{
    struct table *t = mem_alloc(sizeof *t);

    t->columns = columns;
    if (titles == NULL)
        return t;
    table_row(t, titles);
    for (size_t i = 0; i < columns; i++)
        table_paint(t, i, STYLE_TITLE);
    return t;
}

void table_free(struct table *t)
{
    if (t == NULL)
        return;
    strv_clear(&t->cells);
    free(t->paint);
    free(t);
}

void table_row(struct table *t, const char *const *cells)
{
    t->paint = mem_resize(t->paint, t->cells.count + t->columns, 1);
    for (size_t i = 0; i < t->columns; i++) {
        char *escaped = out_escape(cells[i] != NULL ? cells[i] : "");
        t->paint[t->cells.count] = STYLE_PLAIN;
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

void table_paint(struct table *t, size_t column, enum style style)
{
    t->paint[t->cells.count - t->columns + column] = (unsigned char)style;
}

/* ---- widths ---------------------------------------------------------------- */

struct layout {
    size_t *widths; /* one a column; SIZE_MAX: left out */
    bool colours;
};

static struct layout natural(const struct table *t, bool colours)
{
    struct layout l = { .widths = mem_alloc((t->columns + 1) * sizeof *l.widths), .colours = colours };

    for (size_t i = 0; i < t->cells.count; i++) {
        size_t width = width_of(t->cells.items[i]);
        if (width > l.widths[i % t->columns])
            l.widths[i % t->columns] = width;
    }
    return l;
}

static size_t total(const struct table *t, const struct layout *l)
{
    size_t sum = 0, shown = 0;

    for (size_t i = 0; i < t->columns; i++)
        if (l->widths[i] != SIZE_MAX)
            sum += l->widths[i] + (shown++ > 0 ? GAP : 0);
    return sum;
}

static void narrow(size_t *width, size_t *excess, size_t keep)
{
    size_t spare = *width > keep ? *width - keep : 0;
    size_t cut = spare < *excess ? spare : *excess;

    *width -= cut;
    *excess -= cut;
}

/* True when only the title has text. */
static bool bare(const struct table *t, size_t column)
{
    for (size_t i = t->columns + column; i < t->cells.count; i += t->columns)
        if (t->cells.items[i][0] != '\0')
            return false;
    return true;
}

/* False when every column has to stay. */
static bool leave_out(const struct table *t, struct layout *l, const unsigned char *rank)
{
    size_t worst = t->columns;
    int most = 0;

    for (size_t i = 0; rank != NULL && i < t->columns; i++) {
        int worth = rank[i] == 0 ? 0 : bare(t, i) ? 256 : rank[i];
        if (l->widths[i] == SIZE_MAX || worth <= most)
            continue;
        worst = i;
        most = worth;
    }
    if (worst == t->columns)
        return false;
    l->widths[worst] = SIZE_MAX;
    return true;
}

/* The last resort: nothing more can be left out. */
static void pinch(const struct table *t, struct layout *l, size_t excess)
{
    if (l->widths[t->columns - 1] != SIZE_MAX)
        narrow(&l->widths[t->columns - 1], &excess, PINCHED_MIN);
    narrow(&l->widths[0], &excess, FIRST_MIN);
    for (size_t i = t->columns; i-- > 0;) {
        if (l->widths[i] == SIZE_MAX)
            continue;
        narrow(&l->widths[i], &excess, 0);
        if (l->widths[i] == 0 && i > 0) {
            l->widths[i] = SIZE_MAX;
            excess -= excess < GAP ? excess : GAP;
        }
    }
}

static void squeeze(const struct table *t, struct layout *l, const struct table_fit *fit)
{
    size_t sum, last = t->columns - 1;

    while ((sum = total(t, l)) > fit->width) {
        size_t excess = sum - fit->width;
        size_t spare =
            l->widths[last] != SIZE_MAX && l->widths[last] > LAST_MIN ? l->widths[last] - LAST_MIN : 0;
        if (spare >= excess) {
            l->widths[last] -= excess;
        } else if (!leave_out(t, l, fit->rank)) {
            pinch(t, l, excess);
            return;
        }
    }
}

/* ---- lines ----------------------------------------------------------------- */

static char *append(char *line, const char *more)
{
    char *longer = mem_printf("%s%s", line, more);

    free(line);
    return longer;
}

static char *line_of(const struct table *t, size_t row, const struct layout *l)
{
    char *const *cells = t->cells.items + row;
    char *line = mem_strdup("");
    size_t last = t->columns, pad = 0;

    while (last > 0 && (l->widths[last - 1] == SIZE_MAX || cells[last - 1][0] == '\0'))
        last--;
    for (size_t i = 0; i < last; i++) {
        if (l->widths[i] == SIZE_MAX)
            continue;
        enum style style = l->colours ? (enum style)t->paint[row + i] : STYLE_PLAIN;
        char *cell = width_cut(cells[i], l->widths[i]);
        char *piece = mem_printf("%*s%s%s%s", (int)pad, "", style_on(style), cell, style_off(style));
        line = append(line, piece);
        pad = l->widths[i] - width_of(cell) + GAP;
        free(piece);
        free(cell);
    }
    return line;
}

void table_print(const struct table *t, FILE *out)
{
    struct layout l = natural(t, style_wanted(fileno(out)));

    for (size_t i = 0; i + t->columns <= t->cells.count; i += t->columns) {
        char *line = line_of(t, i, &l);
        (void)fprintf(out, "%s\n", line);
        free(line);
    }
    free(l.widths);
}

void table_lines(const struct table *t, const struct table_fit *fit, struct strv *lines)
{
    struct layout l = natural(t, fit->colours);

    squeeze(t, &l, fit);
    for (size_t i = 0; i + t->columns <= t->cells.count; i += t->columns) {
        char *line = line_of(t, i, &l);
        strv_add(lines, line);
        free(line);
    }
    free(l.widths);
}
