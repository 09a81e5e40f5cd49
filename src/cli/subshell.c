#include "cli/subshell.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "cli/bring-up.h"
#include "ui/out.h"
#include "ui/style.h"

#include <limits.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/subshell.inc" /* made from src/cli/subshell */

#define LAYER "shell"

enum kind { KIND_BASH, KIND_ZSH, KIND_FISH, KIND_POSIX, KIND_OTHER };

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

const char *subshell_outer(void)
{
    const char *outer = getenv(SUBSHELL_VARIABLE);
    return outer != NULL && *outer != '\0' ? outer : NULL;
}

void subshell_note_outer(const char *name, const char *what)
{
    const char *outer = subshell_outer();

    if (outer != NULL && strcmp(outer, name) != 0 && isatty(STDERR_FILENO))
        out_note(NULL, "you are in the shell for %s; %s %s", outer, what, name);
}

char *subshell_path(void)
{
    const char *shell = getenv("SHELL");

    if (shell == NULL || *shell == '\0') {
        const struct passwd *pw = getpwuid(getuid());
        shell = pw != NULL && pw->pw_shell != NULL && *pw->pw_shell != '\0' ? pw->pw_shell : "/bin/sh";
    }
    return mem_strdup(shell);
}

static enum kind kind_of(const char *path)
{
    static const struct {
        const char *name;
        enum kind kind;
    } known[] = {
        { "bash", KIND_BASH },   { "zsh", KIND_ZSH },    { "fish", KIND_FISH }, { "sh", KIND_POSIX },
        { "dash", KIND_POSIX },  { "ash", KIND_POSIX },  { "ksh", KIND_POSIX }, { "mksh", KIND_POSIX },
        { "ksh93", KIND_POSIX }, { "yash", KIND_POSIX },
    };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(base_name(path), known[i].name) == 0)
            return known[i].kind;
    return KIND_OTHER;
}

/* POSIX shells have no way to say that a part of the prompt takes no columns. dash does not
 * count columns. */
static bool takes_colour(enum kind kind, const char *path)
{
    char real[PATH_MAX];

    if (kind != KIND_POSIX)
        return true;
    return realpath(path, real) != NULL && strcmp(base_name(real), "dash") == 0;
}

/* value NULL: unset */
static int set(const char *name, const char *value, struct err *e)
{
    if ((value != NULL ? setenv(name, value, 1) : unsetenv(name)) == 0)
        return 0;
    return err_set_errno(e, ERR_FAILED, LAYER, "cannot set the environment");
}

/* Variables for the scripts in subshell/, which unset them. */
static int set_mark(enum kind kind, const char *path, const struct profile *p, struct err *e)
{
    bool colours = style_wanted(STDOUT_FILENO) && takes_colour(kind, path);
    char *program = path_program(e);
    int rc = program != NULL ? set(SUBSHELL_VARIABLE, p->name, e) : -1;

    if (rc == 0 && kind != KIND_OTHER) {
        rc = set("DOCKTETHER_SHELL_URL", getenv("DOCKER_HOST"), e);
        if (rc == 0)
            rc = set("DOCKTETHER_SHELL_PROGRAM", program, e);
        if (rc == 0)
            rc = set("DOCKTETHER_SHELL_COLOURS", colours ? "yes" : "", e);
    }
    free(program);
    return rc;
}

/* ---- the startup files of a shell ------------------------------------------ */

/* Beside the sockets: private, and removed at logout. The same files serve every profile. */
static char *script_dir(const char *below, struct err *e)
{
    char *runtime = path_runtime_dir(e);

    if (runtime == NULL)
        return NULL;
    char *dir = mem_printf("%s/.shell", runtime);
    int rc = file_mkdir_private(runtime, e);
    if (rc == 0)
        rc = file_mkdir_private(dir, e);
    if (rc == 0 && below != NULL) {
        char *deeper = mem_printf("%s/%s", dir, below);
        free(dir);
        dir = deeper;
        rc = file_mkdir_private(dir, e);
    }
    free(runtime);
    if (rc == 0)
        return dir;
    free(dir);
    return NULL;
}

/* The path of dir/name, which holds the text; NULL and an error. */
static char *script(const char *dir, const char *name, const char *text, struct err *e)
{
    char *path = mem_printf("%s/%s", dir, name);

    if (file_write(path, text, strlen(text), 0600, true, e) == 0)
        return path;
    free(path);
    return NULL;
}

static void add(char ***argv, const char *word)
{
    size_t count = 0;

    while (*argv != NULL && (*argv)[count] != NULL)
        count++;
    *argv = mem_resize(*argv, count + 2, sizeof **argv);
    (*argv)[count] = mem_strdup(word);
    (*argv)[count + 1] = NULL;
}

static int prepare_bash(char ***argv, struct err *e)
{
    char *dir = script_dir(NULL, e);
    char *file = dir != NULL ? script(dir, "bashrc", subshell_bashrc, e) : NULL;

    free(dir);
    if (file == NULL)
        return -1;
    add(argv, "--rcfile");
    add(argv, file);
    free(file);
    return 0;
}

static int prepare_zsh(struct err *e)
{
    char *dir = script_dir("zsh", e);
    char *env = dir != NULL ? script(dir, ".zshenv", subshell_zshenv, e) : NULL;
    char *rc = env != NULL ? script(dir, ".zshrc", subshell_zshrc, e) : NULL;
    int result = -1;

    if (rc != NULL && set("DOCKTETHER_SHELL_ZDOTDIR", getenv("ZDOTDIR"), e) == 0)
        result = set("ZDOTDIR", dir, e);
    free(rc);
    free(env);
    free(dir);
    return result;
}

/* A shell expands the value of ENV once, so the path is in a variable of its own. */
static int prepare_posix(struct err *e)
{
    char *dir = script_dir(NULL, e);
    char *file = dir != NULL ? script(dir, "shrc", subshell_shrc, e) : NULL;
    int rc = -1;

    if (file != NULL && set("DOCKTETHER_SHELL_ENV", getenv("ENV"), e) == 0)
        rc = set("DOCKTETHER_SHELL_FILE", file, e);
    if (rc == 0)
        rc = set("ENV", "$DOCKTETHER_SHELL_FILE", e);
    free(file);
    free(dir);
    return rc;
}

char **subshell_prepare(const char *path, const struct profile *p, struct err *e)
{
    enum kind kind = kind_of(path);
    char **argv = NULL;
    int rc = bring_up_environment(p->name, e);

    if (rc == 0)
        rc = set_mark(kind, path, p, e);
    add(&argv, path);
    if (rc == 0 && kind == KIND_BASH)
        rc = prepare_bash(&argv, e);
    else if (rc == 0 && kind == KIND_ZSH)
        rc = prepare_zsh(e);
    else if (rc == 0 && kind == KIND_POSIX)
        rc = prepare_posix(e);
    if (kind == KIND_FISH) {
        add(&argv, "-C");
        add(&argv, subshell_config);
    }
    if (rc == 0)
        return argv;
    subshell_free(argv);
    return NULL;
}

void subshell_free(char **argv)
{
    for (size_t i = 0; argv[i] != NULL; i++)
        free(argv[i]);
    free(argv);
}
