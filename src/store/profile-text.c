#include "store/profile-text.h"

#include "store/ini.h"
#include "store/option.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    struct profile *p;
    bool defaults;
    size_t *seen; /* for each entry of the table: the lines that gave it */
};

static bool known_section(const char *section)
{
    size_t count;
    const struct option *table = option_table(&count);

    for (size_t i = 0; i < count; i++)
        if (strcmp(table[i].section, section) == 0)
            return true;
    return false;
}

static size_t values_of(const struct profile *p, const struct option *o)
{
    struct strv values = { 0 };

    option_get(p, o, &values);
    size_t count = values.count;
    strv_clear(&values);
    return count;
}

/* The first line of a repeatable key removes the values of the defaults; an empty value means
 * "none" and so stands alone. */
static int read_repeatable(struct reader *r, const struct option *o, size_t seen, const char *value,
                           struct err *e)
{
    if (seen == 0)
        option_clear(r->p, o);
    size_t before = values_of(r->p, o);
    if (seen > 0 && (*value == '\0' || before == 0))
        return err_set(e, ERR_PROFILE, "", "duplicate: %s is both empty and given", o->key);
    if (option_set(r->p, o, value, e) != 0)
        return -1;
    if (*value != '\0' && values_of(r->p, o) == before)
        return err_set(e, ERR_PROFILE, "", "duplicate: %s \"%s\" is given twice", o->key, value);
    return 0;
}

static int read_entry(void *user, const char *section, const char *key, const char *value, struct err *e)
{
    struct reader *r = user;
    size_t count;

    if (!known_section(section))
        return err_set(e, ERR_PROFILE, "", "unknown section [%s]", section);
    if (key == NULL)
        return 0;
    const struct option *o = option_find(section, key);
    if (o == NULL)
        return err_set(e, ERR_PROFILE, "", "unknown key \"%s\" in [%s]", key, section);
    if (r->defaults && o->no_default)
        return err_set(e, ERR_PROFILE, "", "%s belongs to one profile and cannot be a default for all", key);

    size_t seen = r->seen[o - option_table(&count)]++;
    if (option_repeatable(o))
        return read_repeatable(r, o, seen, value, e);
    if (seen > 0)
        return err_set(e, ERR_PROFILE, "", "duplicate: %s is given twice", key);
    return option_set(r->p, o, value, e);
}

static int read_part(const char *path, int first, const char *text, bool defaults, struct profile *p,
                     struct err *e)
{
    size_t count;

    option_table(&count);
    struct reader r = { .p = p, .defaults = defaults, .seen = mem_alloc(count * sizeof *r.seen) };
    int rc = ini_parse_part(path, first, text, read_entry, &r, e);
    free(r.seen);
    return rc;
}

int profile_text_read(const char *path, const char *text, bool defaults, struct profile *p, struct err *e)
{
    return read_part(path, 1, text, defaults, p, e);
}

int profile_text_read_part(const char *path, int first, const char *text, struct profile *p, struct err *e)
{
    return read_part(path, first, text, false, p, e);
}

static void write_option(FILE *out, const struct profile *p, const struct option *o)
{
    struct strv values = { 0 };

    option_get(p, o, &values);
    if (values.count == 0)
        fprintf(out, "%s =\n", o->key);
    for (size_t i = 0; i < values.count; i++)
        fprintf(out, "%s =%s%s\n", o->key, values.items[i][0] != '\0' ? " " : "", values.items[i]);
    strv_clear(&values);
}

char *profile_text_write(const struct profile *p, const struct profile *base)
{
    const char *section = NULL;
    char *text = NULL;
    size_t size, count;
    const struct option *table = option_table(&count);
    FILE *out = open_memstream(&text, &size);

    if (out == NULL)
        abort();
    for (size_t i = 0; i < count; i++) {
        const struct option *o = &table[i];
        bool given = o->type == OPTION_USER && p->user_source == USER_GIVEN;
        if (o->fallback != NULL && !given && option_is_default(p, o, base))
            continue;
        if (section == NULL || strcmp(section, o->section) != 0)
            fprintf(out, "%s[%s]\n", section != NULL ? "\n" : "", o->section);
        section = o->section;
        write_option(out, p, o);
    }
    if (fclose(out) != 0)
        abort();
    return text;
}
