#include "cli/hook.h"

#include "base/jsonmember.h"
#include "base/mem.h"
#include "base/progname.h"
#include "cli/command.h"
#include "cli/current.h"
#include "control/tether-client.h"
#include "docker/plugin.h"
#include "store/name.h"
#include "store/runtime.h"
#include "store/store.h"
#include "ui/out.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ANSWER_MS 35 /* of the 50 by which the plugin may delay a command of the CLI */
#define COMMAND_LINE_MAX (64u * 1024)
#define WORDS_MAX 64 /* options of `docker` itself stand at the beginning */

/* ---- which profile it is ----------------------------------------------------- */

/* True when the text contains the path, and not as the beginning of a longer one. */
static bool mentions(const char *text, const char *path)
{
    size_t len = strlen(path);

    for (const char *p = text; (p = strstr(p, path)) != NULL; p += len)
        if (!isalnum((unsigned char)p[len]) && (p[len] == '\0' || strchr("-_+/", p[len]) == NULL))
            return true;
    return false;
}

/* The profile whose socket, or whose tether's message, is in the error. */
static char *named_in(const char *error)
{
    struct strv names = { 0 };
    char *found = NULL;

    if (store_list(&names, NULL) != 0)
        return NULL;
    for (size_t i = 0; i < names.count && found == NULL; i++) {
        char *socket = runtime_socket_path(names.items[i], NULL);
        char *words = mem_printf("docktether: %s: ", names.items[i]);
        if ((socket != NULL && mentions(error, socket)) || strstr(error, words) != NULL)
            found = mem_strdup(names.items[i]);
        free(words);
        free(socket);
    }
    strv_clear(&names);
    return found;
}

/* Errors of a connection that do not name the socket. Other errors (a wrong option, a missing
 * container) are unrelated to tethers. */
static bool may_be_connection(const char *error)
{
    static const char *const words[] = { "connect", "EOF",  "deadline", "exited with code",
                                         "timeout", "dial", "reset",    "broken pipe" };

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strstr(error, words[i]) != NULL)
            return true;
    return false;
}

/* A hook does not get --context, -H and --config; it reads them from the command line of the
 * CLI, its parent. If that is impossible, the environment has to do. */
static void take_options_of_parent(void)
{
    char *words[WORDS_MAX], *path = mem_printf("/proc/%ld/cmdline", (long)getppid());
    char *line = mem_alloc(COMMAND_LINE_MAX);
    struct plugin_globals globals;
    int count = 0, at = 1;

    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd >= 0 ? read(fd, line, COMMAND_LINE_MAX - 1) : 0;
    for (char *p = line; len > 0 && p < line + len && count < WORDS_MAX; p += strlen(p) + 1)
        words[count++] = p;
    if (count > 1 && plugin_globals(&globals, count, words, &at, NULL) == 0)
        (void)plugin_apply(&globals, NULL);
    if (fd >= 0)
        close(fd);
    free(line);
    free(path);
}

static char *profile_of(const char *error)
{
    char *name;

    /* The paths of our own files do not depend on Docker's options. */
    name = named_in(error);
    if (name != NULL || !may_be_connection(error))
        return name;
    take_options_of_parent();
    name = current_name(NULL);
    if (name != NULL && (name_check(name, NULL) != 0 || !store_exists(name))) {
        free(name);
        name = NULL;
    }
    return name;
}

/* ---- the answer ----------------------------------------------------------- */

/* The command for further diagnosis. */
static const char *examiner(void)
{
    return command_find("doctor") != NULL ? "doctor" : "status";
}

/* "NAME: reason", the hint, and a command to run. NULL: the tether is fine. */
static char *say_state(const char *name, const json_t *status)
{
    const char *state = jsonmember_text(status, "state");
    const json_t *error = json_object_get(status, "last_error");
    const char *layer = jsonmember_text(error, "layer"), *hint = jsonmember_text(error, "hint");

    if (strcmp(state, "serving") == 0 || strcmp(state, "asleep") == 0)
        return NULL;
    if (!json_is_object(error))
        return mem_printf("%s: its tether is %s\nSee: docktether status %s", name, state, name);
    return mem_printf("%s: %s%s%s\n%s%s%sSee: docktether %s %s", name, layer, *layer ? ": " : "",
                      jsonmember_text(error, "message"), *hint ? "Hint: " : "", hint, *hint ? "\n" : "",
                      examiner(), name);
}

static char *say(const char *name)
{
    struct err e = ERR_INIT;
    json_t *status = tether_client_status_within(name, ANSWER_MS, &e);
    char *words;

    if (status != NULL)
        words = say_state(name, status);
    else if (e.code != ERR_NONE)
        words = mem_printf("%s: its tether does not answer\nSee: docktether logs %s", name, name);
    else
        words = mem_printf("%s: its tether is not up\nRun: docktether up %s", name, name);
    json_decref(status);
    return words;
}

void hook_answer(const char *request)
{
    char *error = plugin_hook_error(request);
    char *name = error != NULL ? profile_of(error) : NULL;
    char *words = name != NULL ? say(name) : NULL;

    if (words != NULL) {
        char *typed = progname_text(words);
        out_json(plugin_hook_answer(typed), JSON_COMPACT);
        free(typed);
    }
    free(words);
    free(name);
    free(error);
}
