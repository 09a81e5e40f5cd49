#include "import/ssh-paths.h"

#include "base/path.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool ssh_path_is_file(const char *path)
{
    struct stat st;
    char *full = path_expand(path, NULL);
    bool there = full != NULL && stat(full, &st) == 0 && S_ISREG(st.st_mode);

    free(full);
    return there;
}

/* For ssh ~ is the home of the password database, for docktether it is $HOME. Mostly
 * both are the same. */
static bool home_is_elsewhere(char **home, const char **ssh_home)
{
    const struct passwd *pw = getpwuid(getuid());

    *home = path_home(NULL);
    *ssh_home = pw != NULL ? pw->pw_dir : NULL;
    return *home != NULL && *ssh_home != NULL && strcmp(*home, *ssh_home) != 0;
}

/* The path as a profile holds it: ~/ for a file in either home. */
char *ssh_path_own(const char *path)
{
    const char *theirs;
    char *ours, *own = NULL;

    if (home_is_elsewhere(&ours, &theirs) && strncmp(path, theirs, strlen(theirs)) == 0 &&
        path[strlen(theirs)] == '/')
        own = mem_printf("~%s", path + strlen(theirs));
    free(ours);
    if (own == NULL)
        own = path[0] == '/' ? path_display(path) : mem_strdup(path);
    return own;
}

char *ssh_path_config(void)
{
    const char *theirs;
    char *ours, *path = NULL;

    if (home_is_elsewhere(&ours, &theirs)) {
        path = mem_printf("%s/.ssh/config", ours);
        if (!ssh_path_is_file(path))
            mem_replace(&path, "none");
    }
    free(ours);
    return path;
}

/* A word that begins no path continues the one before it when that gives a file that is
 * there. */
static size_t path_length(const char *text)
{
    size_t end = strcspn(text, " "), best = end;

    while (text[end] == ' ' && strchr("/~%$ ", text[end + 1]) == NULL) {
        end += 1 + strcspn(text + end + 1, " ");
        char *path = mem_printf("%.*s", (int)end, text), *own = ssh_path_own(path);
        if (ssh_path_is_file(own))
            best = end;
        free(own);
        free(path);
    }
    return best;
}

void ssh_paths_split(const char *list, struct strv *paths)
{
    for (const char *s = list + strspn(list, " "); *s != '\0'; s += strspn(s, " ")) {
        size_t len = path_length(s);
        char *path = mem_printf("%.*s", (int)len, s);
        strv_add(paths, path);
        free(path);
        s += len;
    }
}
