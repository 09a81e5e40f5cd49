#include "store/ini.h"

#include <ini.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define BLANKS " \t"
#define SECTION_SIZE 33
#define NAME_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."

/* inih is given one checked line at a time, never a header or a comment: so it
 * has no tail of a long line, no previous key and no previous section to go
 * wrong with, and the line number is ours. */
struct parser {
    char section[SECTION_SIZE]; /* "" before the first */
    ini_entry_fn entry;
    void *user;
    struct err *e;
    int calls;
    int rc;
};

static int refuse(struct err *e, const char *why)
{
    return err_set(e, ERR_PROFILE, "", "%s", why);
}

#if INI_HANDLER_LINENO
static int on_pair(void *user, const char *section, const char *key, const char *value, int line)
#else
static int on_pair(void *user, const char *section, const char *key, const char *value)
#endif
{
    struct parser *p = user;

#if INI_HANDLER_LINENO
    (void)line;
#endif
    (void)section; /* always "": the headers are read here */
    p->calls++;
    if (key == NULL || value == NULL)
        p->rc = refuse(p->e, "this line cannot be read");
    else
        p->rc = p->entry(p->user, p->section, key, value, p->e);
    return 1;
}

static bool has_control(const char *line)
{
    for (; *line != '\0'; line++)
        if (((unsigned char)*line < 0x20 && *line != '\t') || *line == 0x7f)
            return true;
    return false;
}

static int parse_header(struct parser *p, const char *line)
{
    size_t len = strspn(line + 1, NAME_CHARS);
    const char *end = line + 1 + len;

    if (len == 0 || *end != ']' || end[1 + strspn(end + 1, BLANKS)] != '\0')
        return refuse(p->e, "a section header must read [name], with nothing after it");
    if (len >= sizeof p->section)
        return refuse(p->e, "the name of the section is too long");
    memcpy(p->section, line + 1, len);
    p->section[len] = '\0';
    return p->entry(p->user, p->section, NULL, NULL, p->e);
}

/* inih would cut the value at a blank and ";". */
static bool has_inline_comment(const char *line)
{
    for (const char *s = strchr(line, ';'); s != NULL; s = strchr(s + 1, ';'))
        if (s > line && strchr(BLANKS, s[-1]) != NULL)
            return true;
    return false;
}

static int parse_pair(struct parser *p, const char *line)
{
    size_t key_len = strspn(line, NAME_CHARS);

    if (key_len == 0 || line[key_len + strspn(line + key_len, BLANKS)] != '=')
        return refuse(p->e, "this is neither \"key = value\" nor a [section] nor a comment");
    if (p->section[0] == '\0')
        return refuse(p->e, "a key before the first [section]");
    if (has_inline_comment(line))
        return refuse(p->e, "a comment needs a line of its own, and a value cannot hold \" ;\"");

    p->calls = 0;
    p->rc = -1;
    if (ini_parse_string(line, on_pair, p) != 0 || p->calls != 1)
        return p->rc != 0 && p->calls == 1 ? p->rc : refuse(p->e, "this line cannot be read");
    return p->rc;
}

static int parse_line(struct parser *p, const char *line)
{
    const char *text = line + strspn(line, BLANKS);

    if (has_control(line))
        return refuse(p->e, "the line holds a control character");
    if (*text == '\0' || *text == ';' || *text == '#')
        return 0;
    if (text != line)
        return refuse(p->e, "the line is indented: a value has one line, and a key begins its line");
    return *line == '[' ? parse_header(p, line) : parse_pair(p, line);
}

/* Puts file and line before the message. */
static int locate(struct err *e, const char *path, int line)
{
    char hint[ERR_HINT_SIZE];

    if (e == NULL)
        return -1;
    memcpy(hint, e->hint, sizeof hint);
    err_set(e, ERR_PROFILE, "profile", "%s:%d: %s", path, line, e->msg);
    return hint[0] != '\0' ? err_hint(e, "%s", hint) : -1;
}

int ini_parse_text(const char *path, const char *text, ini_entry_fn entry, void *user, struct err *e)
{
    return ini_parse_part(path, 1, text, entry, user, e);
}

int ini_parse_part(const char *path, int first, const char *text, ini_entry_fn entry, void *user,
                   struct err *e)
{
    struct parser p = { .entry = entry, .user = user, .e = e };
    char line[INI_LINE_MAX + 1];

    if (strncmp(text, "\xef\xbb\xbf", 3) == 0) {
        refuse(e, "the file begins with a byte order mark: save it as UTF-8 without one");
        return locate(e, path, first);
    }
    for (int number = first; *text != '\0'; number++) {
        size_t len = strcspn(text, "\n");
        const char *next = text + len + (text[len] == '\n');
        int rc;

        if (len > 0 && text[len] == '\n' && text[len - 1] == '\r')
            len--;
        if (len > INI_LINE_MAX) {
            rc = err_set(e, ERR_PROFILE, "", "the line is longer than %d bytes", INI_LINE_MAX);
        } else {
            memcpy(line, text, len);
            line[len] = '\0';
            rc = parse_line(&p, line);
        }
        if (rc != 0)
            return locate(e, path, number);
        text = next;
    }
    return 0;
}
