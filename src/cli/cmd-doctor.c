#include "base/progname.h"
#include "cli/cmd.h"
#include "doctor/doctor.h"
#include "ui/out.h"
#include "ui/style.h"
#include "ui/width.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define LABEL 12 /* columns of the longest name of a layer */
#define WORDS_MIN 30
#define INDENT (2 + 5 + LABEL + 2 + 10 + 2)

/* How it is shown. */
struct view {
    bool utf8;
    bool colours;
    int columns;  /* of the terminal; 0: lines may be as long as they like */
    bool failed;  /* a failure was shown already */
    bool pending; /* a line that names the current layer may be shown, to be overwritten */
};

/* ---- for people ------------------------------------------------------------------- */

/* The rule of setlocale(); the program has no other use for locales. */
static bool is_utf8(void)
{
    static const char *const variables[] = { "LC_ALL", "LC_CTYPE", "LANG" };

    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        const char *value = getenv(variables[i]);
        const char *dot = value != NULL ? strchr(value, '.') : NULL;
        if (value != NULL && *value != '\0')
            return dot != NULL && (strncasecmp(dot, ".utf-8", 6) == 0 || strncasecmp(dot, ".utf8", 5) == 0);
    }
    return false;
}

static const struct mark {
    const char *utf8, *ascii, *word; /* the last for JSON */
    enum style style;
} marks[] = {
    [VERDICT_NONE] = { "", "", "", STYLE_PLAIN },
    [VERDICT_OK] = { "✓", "ok", "ok", STYLE_GOOD },
    [VERDICT_WARNING] = { "!", "warn", "warning", STYLE_WAIT },
    [VERDICT_FAILED] = { "✗", "FAIL", "failed", STYLE_BAD },
    [VERDICT_SKIPPED] = { "-", "-", "skipped", STYLE_FAINT },
    [VERDICT_BLOCKED] = { "-", "-", "blocked", STYLE_FAINT },
};

static void print_mark(const struct view *v, enum verdict verdict)
{
    const struct mark *m = &marks[verdict];
    const char *text = v->utf8 ? m->utf8 : m->ascii;
    /* Every UTF-8 mark takes one column. */
    int rest = v->utf8 ? 0 : 4 - (int)strlen(text);

    printf("  %s%s%s%*s ", v->colours ? style_on(m->style) : "", text, v->colours ? style_off(m->style) : "",
           rest, "");
}

static int indent(const struct view *v)
{
    return v->utf8 ? INDENT - 3 : INDENT;
}

/* Prints words in lines that begin in the same column. */
static void print_words(const struct view *v, const char *text)
{
    const int room = v->columns - indent(v);

    while (room >= WORDS_MIN && width_of(text) > (size_t)room) {
        const char *cut = NULL;
        for (const char *p = strchr(text, ' '); p != NULL; p = strchr(p + 1, ' ')) {
            char *line = mem_printf("%.*s", (int)(p - text), text);
            bool fits = width_of(line) <= (size_t)room;
            free(line);
            if (!fits)
                break;
            cut = p;
        }
        if (cut == NULL)
            break;
        printf("%.*s\n%*s", (int)(cut - text), text, indent(v), "");
        text = cut + 1;
    }
    printf("%s", text);
}

static void show_host(void *user, const struct doctor_host *h)
{
    const struct view *v = user;

    printf("%s%s%s%s%s\n", h->before != NULL ? "\n" : "", v->colours ? style_on(STYLE_TITLE) : "", h->name,
           v->colours ? style_off(STYLE_TITLE) : "", h->hop ? " (hop)" : "");
}

static void show_begin(void *user, const char *layer)
{
    const struct view *v = user;

    if (!v->pending)
        return;
    printf("    %s%s...%s", v->colours ? style_on(STYLE_FAINT) : "", layer,
           v->colours ? style_off(STYLE_FAINT) : "");
    (void)fflush(stdout);
}

static void show_interrupt(void *user)
{
    const struct view *v = user;

    if (!v->pending)
        return;
    printf("\r\033[K");
    (void)fflush(stdout);
}

/* Not for the first failure: its remedy is printed at the end, where people read. */
static void show_remedy(const struct view *v, const struct finding *f)
{
    if (f->err.hint[0] != '\0') {
        char *typed = progname_text(f->err.hint), *hint = mem_printf("hint: %s", typed);
        printf("%*s", indent(v), "");
        print_words(v, hint);
        printf("\n");
        free(hint);
        free(typed);
    }
    /* A command stays on one line, however long, so that it can be pasted. */
    if (f->err.fix[0] != '\0') {
        char *fix = progname_text(f->err.fix);
        printf("%*stry%s%s: %s\n", indent(v), "", f->where != NULL ? ", on " : "",
               f->where != NULL ? f->where : "", fix);
        free(fix);
    }
}

static void show_end(void *user, const char *layer, const struct finding *f)
{
    struct view *v = user;
    bool first = f->verdict == VERDICT_FAILED && !v->failed;
    bool dim = v->colours && (f->verdict == VERDICT_SKIPPED || f->verdict == VERDICT_BLOCKED);

    show_interrupt(user);
    print_mark(v, f->verdict);
    printf("%-*s  ", LABEL, layer);
    if (f->us > 0 && f->verdict != VERDICT_SKIPPED)
        printf("%7.1f ms  ", (double)f->us / 1000);
    else
        printf("%10s  ", "");
    printf("%s", dim ? style_on(STYLE_FAINT) : "");
    print_words(v, first ? "see below" : f->text);
    printf("%s\n", dim ? style_off(STYLE_FAINT) : "");
    for (size_t i = 0; i < f->more.count; i++) {
        printf("%*s", indent(v), "");
        print_words(v, f->more.items[i]);
        printf("\n");
    }
    v->failed = v->failed || first;
    if (f->verdict == VERDICT_WARNING)
        show_remedy(v, f);
    (void)fflush(stdout);
}

static size_t count(const struct doctor *d, enum verdict verdict)
{
    size_t n = 0;

    for (size_t i = 0; i < d->count; i++)
        for (size_t k = 0; k < DOCTOR_LAYERS; k++)
            n += d->hosts[i].findings[k].verdict == verdict;
    return n;
}

/* The first failure in full, which the table only mentions. A hint that repeats the
 * command is left out. */
static void show_failure(const struct view *v, const struct doctor_host *h, enum doctor_layer layer,
                         const struct finding *f)
{
    const char *on = v->colours ? style_on(STYLE_BAD) : "", *off = v->colours ? style_off(STYLE_BAD) : "";
    bool has_fix = f->err.fix[0] != '\0';
    char *hint = progname_text(f->err.hint), *fix = progname_text(f->err.fix);

    printf("\n%sProblem: %s%s%s:%s %s\n", on, h->hop ? h->name : "", h->hop ? ": " : "",
           doctor_layer_name(layer), off, f->text);
    if (f->err.hint[0] != '\0' && !(has_fix && strstr(f->err.hint, f->err.fix) != NULL))
        printf("hint: %s\n", hint);
    if (has_fix)
        printf("\n%s%s:\n\n    %s\n", f->where != NULL ? "Run on " : "Run here",
               f->where != NULL ? f->where : "", fix);
    free(fix);
    free(hint);
}

static void show_outcome(const struct view *v, const struct doctor *d)
{
    const struct doctor_host *h;
    enum doctor_layer layer;
    const struct finding *f = doctor_first(d, VERDICT_FAILED, &h, &layer);
    size_t warnings = count(d, VERDICT_WARNING);

    if (f != NULL)
        show_failure(v, h, layer, f);
    else if (warnings > 0)
        printf("\nNo problem found; %zu warning%s.\n", warnings, warnings == 1 ? "" : "s");
    else
        printf("\nNo problem found.\n");
}

/* ---- for programs ------------------------------------------------------------------- */

static json_t *text_or_null(const char *s)
{
    return s != NULL && *s != '\0' ? out_json_string(s) : json_null();
}

static json_t *pack_finding(enum doctor_layer layer, const struct finding *f)
{
    json_t *more = json_array();
    bool bad = f->verdict == VERDICT_FAILED || f->verdict == VERDICT_WARNING;

    for (size_t i = 0; i < f->more.count; i++)
        json_array_append_new(more, out_json_string(f->more.items[i]));
    json_t *o =
        json_pack("{s:s,s:s,s:o,s:o,s:o}", "layer", doctor_layer_name(layer), "result",
                  marks[f->verdict].word, "ms", f->us > 0 ? json_real((double)f->us / 1000) : json_null(),
                  "text", out_json_string(f->text), "more", more);
    json_object_set_new(o, "code", json_integer(f->verdict == VERDICT_FAILED ? (json_int_t)f->err.code : 0));
    json_object_set_new(o, "hint", text_or_null(bad ? f->err.hint : NULL));
    json_object_set_new(o, "fix", text_or_null(bad ? f->err.fix : NULL));
    json_object_set_new(o, "fix_on", text_or_null(bad && f->err.fix[0] != '\0' ? f->where : NULL));
    return o;
}

static json_t *pack_host(const struct doctor_host *h)
{
    json_t *layers = json_array();
    char *endpoint = h->profile != NULL ? profile_endpoint(h->profile) : NULL;

    for (int k = 0; k < DOCTOR_LAYERS; k++)
        if (h->findings[k].verdict != VERDICT_NONE)
            json_array_append_new(layers, pack_finding((enum doctor_layer)k, &h->findings[k]));
    json_t *o = json_pack("{s:o,s:b,s:o,s:o}", "name", out_json_string(h->name), "hop", h->hop, "endpoint",
                          text_or_null(endpoint), "layers", layers);
    free(endpoint);
    return o;
}

static void print_json(const struct doctor *d, const char *name, int code)
{
    const struct doctor_host *h;
    enum doctor_layer layer;
    const struct finding *f = doctor_first(d, VERDICT_FAILED, &h, &layer);
    json_t *hosts = json_array(), *first = json_null();

    for (size_t i = 0; i < d->count; i++)
        json_array_append_new(hosts, pack_host(&d->hosts[i]));
    if (f != NULL) {
        first = pack_finding(layer, f);
        json_object_set_new(first, "host", out_json_string(h->name));
    }
    out_json(json_pack("{s:o,s:b,s:i,s:I,s:o,s:o}", "name", out_json_string(name), "ok", f == NULL, "code",
                       code, "warnings", (json_int_t)count(d, VERDICT_WARNING), "first", first, "hosts",
                       hosts),
             JSON_INDENT(4));
}

static int columns(void)
{
    struct winsize size;

    return isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

int cmd_doctor(const struct args *args, struct err *e)
{
    const struct doctor_host *h;
    enum doctor_layer layer;
    struct doctor d;
    bool json;

    if (args_json(args, &json, e) != 0)
        return -1;
    struct view view = { .utf8 = is_utf8(),
                         .colours = style_wanted(STDOUT_FILENO),
                         .columns = columns(),
                         .pending = style_capable(STDOUT_FILENO) };
    const struct doctor_watcher people = {
        .host = show_host, .begin = show_begin, .end = show_end, .interrupt = show_interrupt, .user = &view
    };
    const struct doctor_watcher silent = { 0 };

    doctor_run(&d, args->operands[0], json ? &silent : &people);
    const struct finding *f = doctor_first(&d, VERDICT_FAILED, &h, &layer);
    int code = f != NULL ? (int)f->err.code : 0;
    if (json)
        print_json(&d, args->operands[0], code);
    else
        show_outcome(&view, &d);
    doctor_clear(&d);
    return code;
}
