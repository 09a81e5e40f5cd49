#include "import/ssh-hosts.h"

#include "base/file.h"
#include "base/path.h"
#include "import/ssh-words.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define FILE_MAX (1024u * 1024)
#define FILES_MAX 256
#define DEPTH_MAX 16 /* as ssh has it */
#define HOSTS_MAX 500
#define BLANKS " \t\r\f"

struct reader {
    struct strv *hosts;
    const char *dir; /* ~/.ssh */
    size_t files;
    bool more, below_match;
};

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

static bool is_folder(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* A folder among the files is nothing to ssh, too. */
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
    if (glob(pattern, 0, NULL, &found) == 0)
        for (size_t i = 0; rc == 0 && i < found.gl_pathc; i++)
            if (!is_folder(found.gl_pathv[i]))
                rc = read_config(r, found.gl_pathv[i], depth + 1, e);
    globfree(&found);
    free(pattern);
    return rc;
}

/* `Match all` holds for every host. What else holds for which one ssh alone can tell. */
static bool holds_always(const struct strv *words)
{
    return words->count == 1 && strcasecmp(words->items[0], "all") == 0;
}

/* The keyword of a line, and its words. 1: no such line for us, which ssh refuses or
 * has no words for. */
static int split_line(char *line, char **keyword, struct strv *words)
{
    char *rest = line + strspn(line, BLANKS);

    if (*rest == '"')
        rest++;
    *keyword = rest;
    rest += strcspn(rest, BLANKS "=\"");
    if (*rest == '"')
        *rest++ = '\0';
    size_t blanks = strspn(rest, BLANKS);
    char *words_at = rest + blanks;
    if (*words_at == '=')
        words_at++;
    else if (blanks == 0 && *rest != '\0')
        return 1;
    *rest = '\0';
    return ssh_words_split(words_at, words) == 0 ? 0 : 1;
}

static int read_line(struct reader *r, char *line, bool *in_match, int depth, struct err *e)
{
    struct strv words = { 0 };
    char *keyword;
    int rc = 0;

    if (split_line(line, &keyword, &words) != 0)
        return 0;
    if (strcasecmp(keyword, "Match") == 0)
        *in_match = !holds_always(&words);
    else if (strcasecmp(keyword, "Host") == 0)
        *in_match = false;
    for (size_t i = 0; rc == 0 && i < words.count; i++) {
        if (strcasecmp(keyword, "Host") == 0)
            add_host(r, words.items[i]);
        else if (strcasecmp(keyword, "Include") == 0 && *in_match)
            r->below_match = true;
        else if (strcasecmp(keyword, "Include") == 0)
            rc = include(r, words.items[i], depth, e);
    }
    strv_clear(&words);
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

int ssh_hosts_list(struct strv *hosts, struct ssh_hosts_left *left, struct err *e)
{
    char *home = path_home(e);

    if (home == NULL)
        return -1;
    char *dir = mem_printf("%s/.ssh", home), *path = mem_printf("%s/config", dir);
    struct reader r = { .hosts = hosts, .dir = dir };
    int rc = read_config(&r, path, 0, e);
    *left = (struct ssh_hosts_left){ .more = r.more, .below_match = r.below_match };
    free(path);
    free(dir);
    free(home);
    return rc;
}
