#include "base/progname.h"

#include "base/mem.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define OURS "docktether"
#define DOCKERS "docker " PLUGIN_NAME

/* The verbs of the program: those of the table in cli/command.c, which a test compares.
 * The names alone are here, so that a message does not link every command. */
static const char *const verbs[] = {
    "completion", "create", "disable", "doctor", "down",   "enable", "env",     "exec", "export",
    "help",       "import", "inspect", "logs",   "ls",     "pin",    "plugin",  "rm",   "run",
    "shell",      "show",   "status",  "up",     "update", "use",    "version", NULL,
};

const char *const *progname_verbs(void)
{
    return verbs;
}

bool progname_is_plugin(void)
{
    return strcmp(program_invocation_short_name, PLUGIN_FILE) == 0;
}

const char *progname(void)
{
    return progname_is_plugin() ? DOCKERS : OURS;
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '-' || c == '_' || c == '.' || c == '/';
}

/* True when a command follows the name, as in hints and in help; false for the name of a
 * file, of a page or of the program itself. */
static bool is_command(const char *after)
{
    static const char *const stands_for_one[] = { "COMMAND", "..." };
    size_t len;

    if (*after++ != ' ')
        return false;
    for (len = 0; is_word(after[len]); len++)
        ;
    for (size_t i = 0; verbs[i] != NULL; i++)
        if (strlen(verbs[i]) == len && strncmp(verbs[i], after, len) == 0)
            return true;
    for (size_t i = 0; i < sizeof stands_for_one / sizeof *stands_for_one; i++)
        if (strncmp(after, stands_for_one[i], strlen(stands_for_one[i])) == 0)
            return true;
    return false;
}

char *progname_text(const char *text)
{
    size_t size = strlen(text) + 1, used = 0;

    if (!progname_is_plugin())
        return mem_strdup(text);
    char *result = mem_alloc(size * 2); /* each name grows by less than its length */
    for (const char *p = text; *p != '\0';) {
        size_t len = strlen(OURS);
        if (strncmp(p, OURS, len) == 0 && (p == text || !is_word(p[-1])) && is_command(p + len)) {
            used = (size_t)(stpcpy(result + used, DOCKERS) - result);
            p += len;
        } else {
            result[used++] = *p++;
        }
    }
    return result;
}
