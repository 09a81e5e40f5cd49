#include "cli/watch.h"

#include "base/time.h"
#include "cli/status-all.h"
#include "cli/status-table.h"
#include "store/store.h"
#include "ui/out.h"
#include "ui/screen.h"
#include "ui/width.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ASK_MS 500       /* between two questions to a tether */
#define LIST_MS 1000     /* between two looks at the store */
#define DRAW_MS 250      /* between two pictures */
#define PATIENCE_MS 2000 /* after that a tether is silent */
#define POLLED_MAX 512

struct watch {
    struct strv names;
    bool all, json;
    bool in_full; /* a single tether, with all details */
    struct status_all *roll;
    char **printed; /* json: the last line of each */
    struct deadline ask, list;
    size_t top; /* the first row that is shown */
};

int watch_check(bool json, struct err *e)
{
    if (json || style_capable(STDOUT_FILENO))
        return 0;
    if (isatty(STDOUT_FILENO))
        err_set(e, ERR_USAGE, "status", "--watch needs a terminal that can move the cursor (see TERM)");
    else
        err_set(e, ERR_USAGE, "status", "--watch needs a terminal, and standard output is not one");
    return err_hint(e, "for a line per change: --watch --format json");
}

/* ---- which tethers ---------------------------------------------------------- */

static void forget(struct watch *w)
{
    for (size_t i = 0; w->printed != NULL && i < w->names.count; i++)
        free(w->printed[i]);
    free(w->printed);
    status_all_free(w->roll);
    strv_clear(&w->names);
}

static void begin(struct watch *w, const struct strv *names)
{
    forget(w);
    strv_copy(&w->names, names);
    w->roll = status_all_new((const char *const *)w->names.items, w->names.count);
    w->printed = mem_alloc((w->names.count + 1) * sizeof *w->printed);
    w->ask = deadline_in(0);
}

/* A store that cannot be read for a moment does not end the command. */
static void list(struct watch *w)
{
    struct strv names = { 0 };

    if (!w->all || deadline_left(w->list) > 0)
        return;
    w->list = deadline_in(LIST_MS);
    if (store_list(&names, NULL) == 0 && !strv_equal(&names, &w->names))
        begin(w, &names);
    strv_clear(&names);
}

/* True when all have answered. */
static bool step(struct watch *w)
{
    list(w);
    if (deadline_left(w->ask) == 0) {
        status_all_ask(w->roll);
        w->ask = deadline_in(ASK_MS);
    }
    return status_all_step(w->roll, PATIENCE_MS);
}

static int pause_ms(const struct watch *w, bool settled)
{
    int left = deadline_left(w->ask);

    return !settled && left > STATUS_AGAIN_MS ? STATUS_AGAIN_MS : left;
}

/* ---- lines of JSON ----------------------------------------------------------- */

static void print_changes(struct watch *w)
{
    for (size_t i = 0; i < w->names.count; i++) {
        const json_t *state = status_all_state(w->roll, i);
        char *line = state != NULL ? json_dumps(state, JSON_COMPACT | OUT_JSON_REALS) : NULL;
        if (line == NULL || (w->printed[i] != NULL && strcmp(w->printed[i], line) == 0)) {
            free(line);
            continue;
        }
        (void)puts(line);
        free(w->printed[i]);
        w->printed[i] = line;
    }
}

/* Also when there is nothing to write. */
static bool reader_gone(void)
{
    struct pollfd p = { .fd = STDOUT_FILENO, .events = 0 };

    return fflush(stdout) != 0 || (poll(&p, 1, 0) > 0 && (p.revents & (POLLERR | POLLNVAL)) != 0);
}

static int watch_lines(struct watch *w)
{
    struct pollfd fds[POLLED_MAX];

    do {
        bool settled = step(w);
        print_changes(w);
        (void)poll(fds, (nfds_t)status_all_poll(w->roll, fds, POLLED_MAX), pause_ms(w, settled));
    } while (!reader_gone());
    return 0;
}

/* ---- the screen -------------------------------------------------------------- */

static void add_cut(struct strv *lines, enum style style, const char *text, size_t columns)
{
    char *cut = width_cut(text, columns);
    bool colours = style_wanted(STDOUT_FILENO);
    char *line = mem_printf("%s%s%s", colours ? style_on(style) : "", cut, colours ? style_off(style) : "");

    strv_add(lines, line);
    free(line);
    free(cut);
}

/* "21:45:03   3 serving, 1 waiting" */
static char *summary(const struct watch *w)
{
    static const char *const words[] = { "serving", "asleep",   "connecting", "waiting", "failed",
                                         "silent",  "draining", "closing",    "down" };
    char stamp[16] = "";
    time_t now = time(NULL);
    struct tm tm;

    if (localtime_r(&now, &tm) != NULL)
        (void)strftime(stamp, sizeof stamp, "%H:%M:%S", &tm);
    char *line = mem_printf("%s   ", stamp);
    bool first = true;
    for (size_t k = 0; k < sizeof words / sizeof *words; k++) {
        size_t count = 0;
        for (size_t i = 0; i < w->names.count; i++)
            count += strcmp(status_table_word(status_all_state(w->roll, i)), words[k]) == 0;
        if (count == 0)
            continue;
        char *longer = mem_printf("%s%s%zu %s", line, first ? "" : ", ", count, words[k]);
        free(line);
        line = longer;
        first = false;
    }
    if (w->names.count == 0) {
        free(line);
        line = mem_printf("%s   no profiles", stamp);
    }
    return line;
}

/* Titles are not among them. */
static void table(const struct watch *w, size_t columns, struct strv *lines)
{
    const struct table_fit fit = { .width = columns,
                                   .rank = w->in_full ? NULL : state_ranks,
                                   .colours = style_wanted(STDOUT_FILENO) };
    struct status_table_row *rows = mem_alloc((w->names.count + 1) * sizeof *rows);

    for (size_t i = 0; i < w->names.count; i++)
        rows[i] = status_all_row(w->roll, i);
    struct table *t = w->in_full ? status_table_full(rows) : status_table_build(rows, w->names.count);
    table_lines(t, &fit, lines);
    table_free(t);
    free(rows);
}

/* The part of the table that the window shows, between a head and a foot that a very
 * low window does without. */
static void compose(struct watch *w, size_t rows, size_t columns, struct strv *out)
{
    size_t frame = rows >= 6 ? 2 : 0, titles = w->in_full ? 0 : 1;
    struct strv lines = { 0 };
    char foot[80];

    table(w, columns, &lines);
    size_t body = lines.count - titles, room = rows > frame + titles ? rows - frame - titles : 1;
    size_t last_top = body > room ? body - room : 0;
    w->top = w->top < last_top ? w->top : last_top;
    if (frame > 0) {
        char *head = summary(w);
        add_cut(out, STYLE_PLAIN, head, columns);
        free(head);
    }
    if (titles > 0 && rows > 1)
        strv_add(out, lines.items[0]);
    size_t shown = body - w->top < room ? body - w->top : room;
    for (size_t i = 0; i < shown; i++)
        strv_add(out, lines.items[titles + w->top + i]);
    for (size_t i = shown; frame > 0 && i < room; i++)
        strv_add(out, "");
    if (body > room)
        snprintf(foot, sizeof foot, "%zu-%zu of %zu; arrows scroll, q quits", w->top + 1, w->top + shown,
                 body);
    else
        snprintf(foot, sizeof foot, "q quits");
    if (frame > 0)
        add_cut(out, STYLE_FAINT, foot, columns);
    strv_clear(&lines);
}

static void draw(struct watch *w, struct screen *s)
{
    struct strv lines = { 0 };
    size_t rows, columns;

    screen_size(s, &rows, &columns);
    compose(w, rows, columns, &lines);
    screen_draw(s, &lines);
    strv_clear(&lines);
}

static void scroll(struct watch *w, const struct screen *s, enum screen_event event)
{
    size_t rows, columns, page;

    screen_size(s, &rows, &columns);
    page = rows > 4 ? rows - 4 : 1;
    switch (event) {
    case SCREEN_UP:
        w->top -= w->top > 0;
        break;
    case SCREEN_DOWN:
        w->top++;
        break;
    case SCREEN_PAGE_UP:
        w->top -= w->top < page ? w->top : page;
        break;
    case SCREEN_PAGE_DOWN:
        w->top += page;
        break;
    case SCREEN_HOME:
        w->top = 0;
        break;
    case SCREEN_END:
        w->top = SIZE_MAX / 2; /* drawing brings it back */
        break;
    case SCREEN_NOTHING:
    case SCREEN_REDRAW:
    case SCREEN_QUIT:
        break;
    }
}

static int watch_screen(struct watch *w, struct err *e)
{
    struct pollfd fds[POLLED_MAX];
    struct deadline next = deadline_in(0);
    enum screen_event event = SCREEN_NOTHING;

    struct screen *s = screen_open(e);
    if (s == NULL)
        return -1;
    while (event != SCREEN_QUIT) {
        bool settled = step(w);
        scroll(w, s, event);
        /* Input is shown at once, other changes at the next picture. */
        if (event != SCREEN_NOTHING || deadline_left(next) == 0) {
            draw(w, s);
            next = deadline_in(DRAW_MS);
        }
        int left = deadline_left(next), most = pause_ms(w, settled);
        event = screen_wait(s, fds, status_all_poll(w->roll, fds, POLLED_MAX), left < most ? left : most);
    }
    screen_close(s);
    return 0;
}

int watch_run(const struct strv *names, bool all, bool json, struct err *e)
{
    struct watch w = { .all = all, .json = json, .in_full = !all && names->count == 1 };

    w.list = deadline_in(LIST_MS);
    begin(&w, names);
    /* The first picture has something to show, unless that would take long. */
    (void)status_all_step(w.roll, PATIENCE_MS);
    int rc = json ? watch_lines(&w) : watch_screen(&w, e);
    forget(&w);
    return rc;
}
