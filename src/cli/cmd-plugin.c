#include "base/mem.h"
#include "base/path.h"
#include "cli/cmd.h"
#include "cli/docker-version.h"
#include "docker/hooks.h"
#include "docker/plugindir.h"
#include "ui/out.h"
#include "ui/table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* True when path is a name of this program. */
static bool is_this(const char *path)
{
    char *own = path_program(NULL), *real = realpath(path, NULL);
    bool is = own != NULL && real != NULL && strcmp(own, real) == 0;

    free(real);
    free(own);
    return is;
}

/* True when a package has installed this program as a plugin for all users. */
static bool is_there_for_all(void)
{
    char *found = plugindir_find(), *link = plugindir_link(NULL);
    bool is = found != NULL && link != NULL && strcmp(found, link) != 0 && is_this(found);

    if (is) {
        puts(found);
        out_note(NULL, "already installed for all users");
    }
    free(link);
    free(found);
    return is;
}

static int install(struct err *e)
{
    if (is_there_for_all())
        return 0;
    char *program = path_program(e);
    int rc = program != NULL ? plugindir_install(program, e) : -1;
    char *found = rc >= 0 ? plugindir_find() : NULL;

    free(program);
    if (rc < 0)
        return -1;
    if (found != NULL)
        puts(found);
    out_note(NULL, rc == 1 ? "already installed" : "installed; try: docker tether help");
    if (found != NULL && !is_this(found))
        out_note(NULL, "warning: Docker finds another program first: %s", found);
    free(found);
    return 0;
}

static int uninstall(struct err *e)
{
    char *path = plugindir_link(e);
    enum hooks hooks = HOOKS_OFF;
    int rc = path != NULL ? plugindir_remove(e) : -1;

    if (rc == 0)
        puts(path);
    free(path);
    if (rc < 0)
        return -1;
    char *left = plugindir_find();
    if (left != NULL)
        out_note(NULL, "Docker still finds the plugin %s", left);
    else if (rc == 1)
        out_note(NULL, "the plugin was not installed");
    if (left == NULL && hooks_get(&hooks, NULL, NULL) == 0 && hooks != HOOKS_OFF)
        out_note(NULL, "its hooks are still enabled; to disable them: docktether plugin disable-hooks");
    free(left);
    return 0;
}

/* Variables that override config.json. */
static void warn_of_environment(void)
{
    static const char *const variables[] = { "DOCKER_CLI_HOOKS", "DOCKER_CLI_HINTS" };

    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        const char *value = getenv(variables[i]);
        if (value != NULL && *value != '\0') {
            if (strcasecmp(value, "true") != 0 && strcmp(value, "1") != 0)
                out_note(NULL, "warning: %s=%s keeps Docker from running hooks", variables[i], value);
            return;
        }
    }
}

static int enable_hooks(struct err *e)
{
    char *version = docker_version();
    enum hooks known = hooks_known(version);
    char *found = plugindir_find();

    int rc = hooks_set(known == HOOKS_OFF ? HOOKS_ON_ERROR : known, e);
    if (rc == 0) {
        out_note(NULL, "hooks enabled%s",
                 known == HOOKS_ALWAYS ? " (this docker runs them after every command, not only after errors)"
                                       : "");
        warn_of_environment();
    }
    if (rc == 0 && version != NULL && known == HOOKS_OFF)
        out_note(NULL, "warning: docker %s has no hooks; they need 26.1 or newer", version);
    if (rc == 0 && found == NULL)
        out_note(NULL, "warning: the plugin is not installed; to install it: docktether plugin install");
    free(found);
    free(version);
    return rc;
}

static int disable_hooks(struct err *e)
{
    if (hooks_set(HOOKS_OFF, e) != 0)
        return -1;
    out_note(NULL, "hooks disabled");
    return 0;
}

static int show_status(struct err *e)
{
    static const char *const words[] = {
        [HOOKS_OFF] = "disabled", [HOOKS_ALWAYS] = "after every command", [HOOKS_ON_ERROR] = "after errors"
    };
    enum hooks hooks;
    bool effective;

    if (hooks_get(&hooks, &effective, e) != 0)
        return -1;
    char *version = docker_version(), *found = plugindir_find();
    struct table *t = table_new(2, NULL);
    table_pair(t, "Docker CLI", version != NULL ? version : "not found");
    char *where = mem_printf("%s%s", found != NULL ? found : "not installed",
                             found != NULL && !is_this(found) ? " (another program)" : "");
    table_pair(t, "Plugin", where);
    char *how = mem_printf("%s%s%s", words[hooks],
                           hooks != HOOKS_OFF && !effective ? ", but features.hooks is not true" : "",
                           hooks == HOOKS_ON_ERROR && hooks_known(version) == HOOKS_ALWAYS
                               ? ", which this docker does not support: run enable-hooks again"
                               : "");
    table_pair(t, "Hooks", how);
    table_print(t, stdout);
    table_free(t);
    free(how);
    free(where);
    free(found);
    free(version);
    return 0;
}

int cmd_plugin(const struct args *args, struct err *e)
{
    static const struct {
        const char *word;
        int (*run)(struct err *e);
    } actions[] = {
        { "install", install },           { "remove", uninstall },
        { "enable-hooks", enable_hooks }, { "disable-hooks", disable_hooks },
        { "status", show_status },
    };
    const char *wanted = args->operands[0];

    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
        if (strcmp(actions[i].word, wanted) == 0)
            return actions[i].run(e);
    return err_set(e, ERR_USAGE, "plugin",
                   "unknown argument \"%s\": use install, remove, enable-hooks, disable-hooks or status",
                   wanted);
}
