#include "ui/shell-lines.h"

#include "base/mem.h"
#include "base/quote.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    enum shell shell;
} names[] = {
    { "sh", SHELL_SH },   { "bash", SHELL_SH },  { "zsh", SHELL_SH },    { "ksh", SHELL_SH },
    { "mksh", SHELL_SH }, { "dash", SHELL_SH },  { "ash", SHELL_SH },    { "fish", SHELL_FISH },
    { "csh", SHELL_CSH }, { "tcsh", SHELL_CSH }, { "pwsh", SHELL_PWSH }, { "powershell", SHELL_PWSH },
};

static int find(const char *name, enum shell *shell)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(names[i].name, name) == 0) {
            *shell = names[i].shell;
            return 0;
        }
    }
    return -1;
}

int shell_lines_parse(const char *name, enum shell *shell, struct err *e)
{
    if (find(name, shell) == 0)
        return 0;
    return err_set(e, ERR_USAGE, "", "unknown shell \"%s\": use sh, fish, csh or pwsh", name);
}

enum shell shell_lines_detect(void)
{
    const char *path = getenv("SHELL");
    enum shell shell = SHELL_SH;

    if (path != NULL) {
        const char *slash = strrchr(path, '/');
        (void)find(slash != NULL ? slash + 1 : path, &shell);
    }
    return shell;
}

/* In PowerShell the typographic quotes U+2018 to U+201B end a quoted text too; doubled, each
 * stands for itself. */
static bool is_curly_quote(const char *p)
{
    return (unsigned char)p[0] == 0xe2 && (unsigned char)p[1] == 0x80 && (unsigned char)p[2] >= 0x98 &&
           (unsigned char)p[2] <= 0x9b;
}

/* The replacement of a byte between single quotes; NULL: the byte itself. */
static const char *escaped(enum shell shell, char c)
{
    switch (shell) {
    case SHELL_SH: /* quote_sh() does it */
        return NULL;
    case SHELL_FISH:
        return c == '\'' ? "\\'" : c == '\\' ? "\\\\" : NULL;
    case SHELL_CSH: /* history is looked for inside quotes too */
        return c == '\'' ? "'\\''" : c == '!' ? "\\!" : c == '\n' ? "\\\n" : NULL;
    case SHELL_PWSH:
        return c == '\'' ? "''" : NULL;
    }
    return NULL;
}

static char *quote(enum shell shell, const char *value)
{
    if (shell == SHELL_SH)
        return quote_sh(value);
    char *quoted = mem_alloc(4 * strlen(value) + 3);
    char *p = quoted;

    *p++ = '\'';
    for (; *value != '\0'; value++) {
        const char *sequence = escaped(shell, *value);
        if (shell == SHELL_PWSH && is_curly_quote(value)) {
            memcpy(p, value, 3);
            p += 3;
        }
        /* of a doubled one this is the second */
        if (sequence == NULL)
            *p++ = *value;
        else
            p = stpcpy(p, sequence);
    }
    *p++ = '\'';
    *p = '\0';
    return quoted;
}

char *shell_lines_export(enum shell shell, const char *variable, const char *value)
{
    char *quoted = quote(shell, value);
    char *line = NULL;

    switch (shell) {
    case SHELL_SH:
        line = mem_printf("export %s=%s;", variable, quoted);
        break;
    case SHELL_FISH:
        line = mem_printf("set -gx %s %s;", variable, quoted);
        break;
    case SHELL_CSH:
        line = mem_printf("setenv %s %s;", variable, quoted);
        break;
    case SHELL_PWSH:
        line = mem_printf("$env:%s = %s;", variable, quoted);
        break;
    }
    free(quoted);
    return line;
}

char *shell_lines_unset(enum shell shell, const char *variable)
{
    switch (shell) {
    case SHELL_SH:
        return mem_printf("unset %s;", variable);
    case SHELL_FISH:
        return mem_printf("set -e %s;", variable);
    case SHELL_CSH:
        return mem_printf("unsetenv %s;", variable);
    case SHELL_PWSH:
        return mem_printf("Remove-Item -ErrorAction Ignore Env:%s;", variable);
    }
    return NULL;
}

char *shell_lines_usage(enum shell shell, const char *command)
{
    switch (shell) {
    case SHELL_SH:
        return mem_printf("# Run: eval \"$(%s)\"", command);
    case SHELL_FISH:
        return mem_printf("# Run: %s | source", command);
    case SHELL_CSH: /* has no comments at its prompt */
        return mem_printf(": 'Run: eval \"`%s`\"';", command);
    case SHELL_PWSH:
        return mem_printf("# Run: %s --shell pwsh | Out-String | Invoke-Expression", command);
    }
    return NULL;
}
