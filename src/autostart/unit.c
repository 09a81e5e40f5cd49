#include "autostart/unit.h"

#include "autostart/unit-text.h"
#include "base/mem.h"
#include "base/path.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define NAME_MAX_BYTES 255
#define PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:_."

char *unit_name(const char *profile, const char *suffix, struct err *e)
{
    char *escaped = mem_strdup("");

    for (const char *s = profile; *s != '\0'; s++) {
        bool plain = strchr(PLAIN, *s) != NULL && !(s == profile && *s == '.');
        char *longer =
            plain ? mem_printf("%s%c", escaped, *s) : mem_printf("%s\\x%02x", escaped, (unsigned char)*s);
        free(escaped);
        escaped = longer;
    }
    char *name = mem_printf("docktether@%s.%s", escaped, suffix);
    free(escaped);
    if (strlen(name) <= NAME_MAX_BYTES)
        return name;
    free(name);
    err_set(e, ERR_FAILED, "systemd", "the profile's name is too long for the name of a unit");
    return NULL;
}

/* The template with each @key@ replaced; keys and values in turn, NULL at the end. */
static char *fill(const char *template, const char *const *pairs)
{
    char *text = mem_strdup("");

    for (const char *s = template; *s != '\0';) {
        const char *value = NULL;
        size_t len = strcspn(s + (*s == '@'), "@") + (*s == '@');
        for (size_t i = 0; *s == '@' && pairs[i] != NULL; i += 2)
            if (strncmp(s, pairs[i], strlen(pairs[i])) == 0) {
                value = pairs[i + 1];
                len = strlen(pairs[i]);
                break;
            }
        char *longer =
            value != NULL ? mem_printf("%s%s", text, value) : mem_printf("%s%.*s", text, (int)len, s);
        free(text);
        text = longer;
        s += len;
    }
    return text;
}

/* Replaces each byte of `special` by the string at the same position in `by`. */
static char *escape(const char *text, const char *special, const char *const *by)
{
    char *out = mem_strdup("");

    for (; *text != '\0'; text++) {
        const char *at = strchr(special, *text);
        char *longer =
            at != NULL ? mem_printf("%s%s", out, by[at - special]) : mem_printf("%s%c", out, *text);
        free(out);
        out = longer;
    }
    return out;
}

char *unit_service_text(const char *program)
{
    static const char *const by[] = { "%%", "\\\\", "\\\"" };
    char *escaped = escape(program, "%\\\"", by);
    /* Quoted only if necessary, so that the text equals that of the installed file. */
    bool plain = strspn(program, PLAIN "/-+@") == strlen(program);
    char *word = plain ? mem_strdup(program) : mem_printf("\"%s\"", escaped);
    char *text = fill(unit_text_service, (const char *const[]){ "@program@", word, NULL });

    free(word);
    free(escaped);
    return text;
}

char *unit_socket_text(void)
{
    return mem_strdup(unit_text_socket);
}

char *unit_label(const char *profile)
{
    return mem_printf("docktether.%s", profile);
}

char *unit_plist_text(const char *profile, const char *program, const char *log)
{
    static const char *const by[] = { "&amp;", "&lt;", "&gt;" };
    char *name = escape(profile, "&<>", by), *path = escape(program, "&<>", by),
         *file = escape(log, "&<>", by);
    char *text = fill(unit_text_plist,
                      (const char *const[]){ "@name@", name, "@program@", path, "@log@", file, NULL });

    free(name);
    free(path);
    free(file);
    return text;
}

char *unit_program(struct err *e)
{
    struct stat installed, running;
    char *path = path_program(e);

    if (path == NULL)
        return NULL;
    /* The installed name may be a link that outlives the file it leads to now. */
    if (stat(DOCKTETHER_PROGRAM, &installed) == 0 && stat(path, &running) == 0 &&
        installed.st_dev == running.st_dev && installed.st_ino == running.st_ino)
        mem_replace(&path, DOCKTETHER_PROGRAM);
    return path;
}
