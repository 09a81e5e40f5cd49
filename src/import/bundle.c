#include "import/bundle.h"

#include "store/name.h"
#include "store/profile-text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC "docktether-profiles "
#define VERSION "1"
#define MARK "=== "
#define COUNT_MAX 1000
#define NAME_SIZE 200

char *bundle_write(const struct profile *const *profiles, size_t count)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    if (out == NULL)
        abort();
    fprintf(out, MAGIC VERSION "\n");
    for (size_t i = 0; i < count; i++) {
        struct profile *base = profile_new(profiles[i]->name);
        char *one = profile_text_write(profiles[i], base);
        fprintf(out, MARK "%s\n%s%s", profiles[i]->name, one, i + 1 < count ? "\n" : "");
        free(one);
        profile_free(base);
    }
    if (fclose(out) != 0)
        abort();
    return text;
}

static int refuse(struct err *e, const char *source, int line, const char *why)
{
    err_set(e, ERR_PROFILE, "import", "%s:%d: %s", source, line, why);
    return err_hint(e, "docktether export NAME... writes such a file");
}

/* The line without its end; *next is where the following one begins, or NULL. */
static size_t line_length(const char *text, const char **next)
{
    size_t len = strcspn(text, "\n");

    *next = text[len] == '\n' ? text + len + 1 : NULL;
    return len > 0 && text[len - 1] == '\r' ? len - 1 : len;
}

static const char *find_mark(const char *text, int *line)
{
    const char *next;

    for (; text != NULL && strncmp(text, MARK, strlen(MARK)) != 0; text = next, ++*line)
        (void)line_length(text, &next);
    return text;
}

/* first is the number of the part's first line; the mark stands before it. */
static int read_profile(const char *source, const char *part, struct profile *p, int first, struct err *e)
{
    struct err why = ERR_INIT;

    if (profile_text_read_part(source, first, part, p, e) != 0)
        return -1;
    return profile_finish(p, &why) == 0 ? 0 : refuse(e, source, first - 1, why.msg);
}

static int read_part(const char *source, const char *mark, const char *end, int line, const char *from,
                     struct proposals *list, struct err *e)
{
    struct err why = ERR_INIT;
    char name[NAME_SIZE] = "";
    const char *body;
    size_t len = line_length(mark, &body) - strlen(MARK);

    if (len < sizeof name)
        memcpy(name, mark + strlen(MARK), len);
    if (name_check(name, &why) != 0)
        return refuse(e, source, line, why.msg);
    if (proposals_find(list, name) != NULL)
        return refuse(e, source, line, "a second profile has this name");
    if (list->count == COUNT_MAX)
        return refuse(e, source, line, "the file holds more profiles than can be read at once");
    struct profile *p = profile_new(name);
    if (body == NULL)
        body = "";
    char *part = mem_printf("%.*s", (int)(end != NULL ? (size_t)(end - body) : strlen(body)), body);
    int rc = read_profile(source, part, p, line + 1, e);
    free(part);
    if (rc == 0)
        proposals_add(list, p, from, NULL);
    else
        profile_free(p);
    return rc;
}

int bundle_read(const char *source, const char *text, const char *from, struct proposals *list, struct err *e)
{
    const char *at;
    int line = 1, rc = 0;
    size_t len = line_length(text, &at);

    if (len < strlen(MAGIC) || strncmp(text, MAGIC, strlen(MAGIC)) != 0)
        return refuse(e, source, line, "this file was not written by docktether export");
    if (len != strlen(MAGIC VERSION) || strncmp(text, MAGIC VERSION, len) != 0)
        return refuse(e, source, line, "another version of docktether wrote this file");
    line++;
    if (at == NULL || strncmp(at, MARK, strlen(MARK)) != 0)
        return refuse(e, source, line, "a line \"" MARK "NAME\" is missing");
    while (rc == 0 && at != NULL) {
        const char *body;
        int next_line = line + 1;
        (void)line_length(at, &body);
        const char *next = find_mark(body, &next_line);
        rc = read_part(source, at, next, line, from, list, e);
        at = next;
        line = next_line;
    }
    if (rc != 0)
        proposals_clear(list);
    return rc;
}
