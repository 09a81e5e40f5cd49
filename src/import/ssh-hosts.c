#include "import/ssh-hosts.h"

#include "base/file.h"
#include "base/path.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FILE_MAX (1024u * 1024)
#define FILES_MAX 256
#define DEPTH_MAX 16 /* as ssh has it */
#define HOSTS_MAX 500

struct reader {
    struct strv *hosts;
    const char *dir; /* ~/.ssh */
    size_t files;
    bool more;
};

/* The next word, with or without double quotes; the rest in *s. NULL at the
 * end of the line or at a comment. */
static char *next_word(char **s)
{
    char *word = *s + strspn(*s, " \t\r=");

    if (*word == '\0' || *word == '#')
        return NULL;
    char *end;
    if (*word == '"') {
        word++;
        end = word + strcspn(word, "\"");
    } else {
        end = word + strcspn(word, " \t\r");
    }
    *s = *end != '\0' ? end + 1 : end;
    *end = '\0';
    return word;
}

static void add_host(struct reader *r, const char *word)
{
    if (*word == '\0' || *word == '-' || strpbrk(word, "*?!") != NULL)
        return;
    if (strv_contains(r->hosts, word))
        return;
    if (r->hosts->count == HOSTS_MAX)
        r->more = true;
    else
        strv_add(r->hosts, word);
}

static int read_config(struct reader *r, const char *path, int depth, struct err *e);

static int include(struct reader *r, const char *word, int depth, struct err *e)
{
    glob_t found = { 0 };
    char *pattern;
    int rc = 0;

    if (word[0] == '/')
        pattern = mem_strdup(word);
    else if (strncmp(word, "~/", 2) == 0)
        pattern = path_expand(word, e);
    else
        pattern = mem_printf("%s/%s", r->dir, word);
    if (pattern == NULL)
        return -1;
    if (glob(pattern, GLOB_NOCHECK, NULL, &found) == 0)
        for (size_t i = 0; rc == 0 && i < found.gl_pathc; i++)
            rc = read_config(r, found.gl_pathv[i], depth + 1, e);
    globfree(&found);
    free(pattern);
    return rc;
}

static int read_line(struct reader *r, char *line, bool *in_match, int depth, struct err *e)
{
    char *rest = line + strspn(line, " \t\r");
    char *keyword = rest, *word;
    int rc = 0;

    rest += strcspn(rest, " \t\r=");
    if (*rest != '\0')
        *rest++ = '\0';
    if (strcasecmp(keyword, "Match") == 0) {
        *in_match = true;
    } else if (strcasecmp(keyword, "Host") == 0) {
        *in_match = false;
        while ((word = next_word(&rest)) != NULL)
            add_host(r, word);
    } else if (strcasecmp(keyword, "Include") == 0 && !*in_match) {
        while (rc == 0 && (word = next_word(&rest)) != NULL)
            rc = include(r, word, depth, e);
    }
    return rc;
}

static int read_config(struct reader *r, const char *path, int depth, struct err *e)
{
    bool in_match = false;
    char *text, *save = NULL;
    size_t len;

    if (depth > DEPTH_MAX || r->files == FILES_MAX) {
        r->more = true;
        return 0;
    }
    r->files++;
    int rc = file_read(path, FILE_ANY, FILE_MAX, &text, &len, e);
    if (rc != 0)
        return rc > 0 ? 0 : -1;
    for (char *line = strtok_r(text, "\n", &save); rc == 0 && line != NULL;
         line = strtok_r(NULL, "\n", &save))
        rc = read_line(r, line, &in_match, depth, e);
    free(text);
    return rc;
}

int ssh_hosts_list(struct strv *hosts, bool *more, struct err *e)
{
    char *home = path_home(e);

    if (home == NULL)
        return -1;
    char *dir = mem_printf("%s/.ssh", home), *path = mem_printf("%s/config", dir);
    struct reader r = { .hosts = hosts, .dir = dir };
    int rc = read_config(&r, path, 0, e);
    *more = r.more;
    free(path);
    free(dir);
    free(home);
    return rc;
}
