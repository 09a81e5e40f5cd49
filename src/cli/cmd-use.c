#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "cli/bring-up.h"
#include "cli/cmd.h"
#include "cli/confirm.h"
#include "cli/current.h"
#include "cli/subshell.h"
#include "docker/config.h"
#include "docker/context-sync.h"
#include "docker/context.h"
#include "store/name.h"
#include "store/runtime.h"
#include "store/store.h"
#include "ui/out.h"
#include "ui/shell-lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_NAME "default"
#define PREVIOUS_MAX 256

/* ---- the previous one: STATE_DIR/previous ------------------------------ */

static char *previous_path(struct err *e)
{
    char *dir = path_state_dir(e);

    if (dir == NULL)
        return NULL;
    char *path = mem_printf("%s/previous", dir);
    free(dir);
    return path;
}

static char *previous_read(struct err *e)
{
    char *path = previous_path(e);
    char *name = NULL;
    size_t len;

    if (path == NULL)
        return NULL;
    int rc = file_read(path, FILE_PRIVATE, PREVIOUS_MAX, &name, &len, e);
    if (rc == 1) {
        err_set(e, ERR_FAILED, "", "there is no previous context yet");
        err_hint(e, "docktether ls lists the profiles; to switch to one: docktether use NAME");
    }
    if (rc == 0) {
        name[strcspn(name, "\n")] = '\0';
        if (strcmp(name, DEFAULT_NAME) != 0 && name_check(name, NULL) != 0) {
            err_set(e, ERR_FAILED, "", "%s contains no valid context name", path);
            free(name);
            rc = -1;
        }
    }
    free(path);
    return rc == 0 ? name : NULL;
}

static int previous_write(const char *name, struct err *e)
{
    char *dir = path_state_dir(e);
    char *path = dir != NULL ? previous_path(e) : NULL;
    char *line = mem_printf("%s\n", name);
    int rc = -1;

    if (path != NULL && file_mkdir_private(dir, e) == 0)
        rc = file_write(path, line, strlen(line), 0600, true, e);
    free(line);
    free(path);
    free(dir);
    return rc;
}

/* ---- the switch ------------------------------------------------------- */

/* In a shell of `docktether shell` DOCKER_HOST is set on purpose, and unset leaves a shell
 * that is called by another name than the profile it uses. */
static void warn_in_subshell(const char *outer, const char *name, const char *unset)
{
    char *current = current_name(NULL);

    out_note(
        NULL,
        "warning: you are in the shell for %s, where docker still uses %s; type exit to leave it, or, to "
        "use %s in it as well: %s",
        outer, current != NULL ? current : outer, name, unset);
    free(current);
}

/* Docker's programs obey these before currentContext: a switch that does
 * nothing must not look like one. */
static void warn_shadowed(const char *name)
{
    const char *host = getenv("DOCKER_HOST");
    const char *context = getenv("DOCKER_CONTEXT");
    char *url = runtime_url(name, NULL);
    bool by_host = host != NULL && *host != '\0' && (url == NULL || strcmp(host, url) != 0);
    bool by_context = context != NULL && *context != '\0' && strcmp(context, name) != 0;
    char *first = shell_lines_unset(shell_lines_detect(), by_host ? "DOCKER_HOST" : "DOCKER_CONTEXT");
    char *second = shell_lines_unset(shell_lines_detect(), "DOCKER_CONTEXT");

    if (by_host && !by_context && subshell_outer() != NULL)
        warn_in_subshell(subshell_outer(), name, first);
    else if (by_host && by_context)
        out_note(
            NULL,
            "warning: DOCKER_HOST and DOCKER_CONTEXT are set in this shell and take precedence; run: %s %s",
            first, second);
    else if (by_host || by_context)
        out_note(NULL, "warning: %s is set in this shell and takes precedence; run: %s",
                 by_host ? "DOCKER_HOST" : "DOCKER_CONTEXT", first);
    free(first);
    free(second);
    free(url);
}

static int make_current(const char *name, struct err *e)
{
    char *before = NULL;

    if (config_current(&before, e) != 0)
        return -1;
    const char *was = before != NULL ? before : DEFAULT_NAME;
    int rc = config_set_current(name, e);
    if (rc == 0 && strcmp(was, name) != 0)
        rc = previous_write(was, e);
    free(before);
    return rc;
}

static int check_context(const struct profile *p, struct err *e)
{
    if (p->context)
        return context_sync_check(p, e);
    err_set(e, ERR_FAILED, "docker context", "the profile has no Docker context (context = no)");
    return err_hint(e,
                    "use docktether exec %s or docktether env %s, or: docktether update %s --set context=yes",
                    p->name, p->name, p->name);
}

/* As the profile is now: it may have been removed while its tether came up. */
static int make_profile_current(const char *name, struct err *e)
{
    int lock, rc = -1;

    if (store_lock(&lock, e) != 0)
        return -1;
    struct profile *p = store_load(name, e);
    if (p != NULL && check_context(p, e) == 0 && context_sync(p, e) == 0)
        rc = make_current(name, e);
    profile_free(p);
    store_unlock(lock);
    return rc;
}

static int tell(const char *name)
{
    puts(name);
    (void)fflush(stdout);
    fprintf(stderr, "Current context is now \"%s\"\n", name);
    warn_shadowed(name);
    return 0;
}

/* ---- profiles --------------------------------------------------------- */

static int use_profile(const struct profile *p, const struct args *args, struct err *e)
{
    static const struct confirm protect = { "use", "", "to make it Docker's current context",
                                            "nothing was switched" };

    /* Before the tether: a context that is not ours would make it useless. */
    if (bring_up_check_docker(p, e) != 0 || check_context(p, e) != 0 ||
        confirm_protected(p, args_has(args, "yes"), &protect, e) != 0)
        return -1;
    if (!args_has(args, "no-up") && bring_up(p, false, e) != 0)
        return -1;
    return make_profile_current(p->name, e) == 0 ? tell(p->name) : -1;
}

static int switch_to(const char *name, struct err *e)
{
    return make_current(name, e) == 0 ? tell(name) : -1;
}

static int use_stored(const char *name, const struct args *args, struct err *e)
{
    struct profile *p = store_load(name, e);

    if (p == NULL)
        return -1;
    int rc = use_profile(p, args, e);
    profile_free(p);
    return rc;
}

static int gone(struct err *e)
{
    err_set(e, ERR_PROFILE, "", "the previous context no longer exists");
    return err_hint(e, "docktether ls lists the profiles");
}

/* Back to where the user came from, be that ours or not. */
static int use_previous(const struct args *args, struct err *e)
{
    int rc;

    char *name = previous_read(e);
    if (name == NULL)
        return -1;
    bool theirs = context_owner(name, NULL) == CONTEXT_FOREIGN;
    if (strcmp(name, DEFAULT_NAME) == 0 || theirs)
        rc = switch_to(name, e);
    else if (store_exists(name))
        rc = use_stored(name, args, e);
    else
        rc = gone(e);
    if (rc < 0) { /* by its name, which is not the "-" of the command line */
        out_error(name, e);
        rc = (int)e->code;
    }
    free(name);
    return rc;
}

int cmd_use(const struct args *args, struct err *e)
{
    const char *name = args->operands[0];

    if (strcmp(name, "-") == 0)
        return use_previous(args, e);
    if (strcmp(name, DEFAULT_NAME) == 0)
        return switch_to(name, e);
    return use_stored(name, args, e);
}
