#include "autostart/launchd.h"

#include "autostart/unit.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/run.h"
#include "control/tether-client.h"
#include "store/runtime.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LAYER "launchd"
#define PATIENCE_MS 30000
#define OUTPUT_MAX 8192

static char *agent_path(const char *name, struct err *e)
{
    char *home = path_home(e), *label = unit_label(name);
    char *path = home != NULL ? mem_printf("%s/Library/LaunchAgents/%s.plist", home, label) : NULL;

    free(home);
    free(label);
    return path;
}

static enum login_kind enabled(const char *name)
{
    char *path = agent_path(name, NULL);
    enum login_kind kind = path != NULL && access(path, F_OK) == 0 ? LOGIN_START : LOGIN_NO;

    free(path);
    return kind;
}

static int launchctl(const char *verb, const char *target, const char *file, struct err *e)
{
    const char *const argv[] = { "launchctl", verb, target, file, NULL };
    char *said = mem_alloc(OUTPUT_MAX);
    int rc = run_program(LAYER, argv, PATIENCE_MS, said, OUTPUT_MAX, e);

    free(said);
    return rc == 1 ? err_set(e, ERR_FAILED, LAYER, "launchctl is not installed") : rc;
}

/* It may already have been unloaded by hand, which is no error. */
static void unload(const char *name)
{
    char *label = unit_label(name);
    char *target = mem_printf("gui/%lu/%s", (unsigned long)getuid(), label);

    (void)launchctl("bootout", target, NULL, NULL);
    free(target);
    free(label);
}

static int write_agent(const struct profile *p, const char *path, struct err *e)
{
    struct runtime rt = { 0 };
    char *program = unit_program(e), *dir = mem_strdup(path);
    int rc = -1;

    *strrchr(dir, '/') = '\0';
    if (program != NULL && runtime_init(&rt, p->name, e) == 0 && file_mkdirs(dir, 0755, e) == 0 &&
        runtime_prepare(&rt, e) == 0) {
        char *text = unit_plist_text(p->name, program, rt.log);
        rc = file_write(path, text, strlen(text), 0644, true, e);
        free(text);
    }
    runtime_clear(&rt);
    free(program);
    free(dir);
    return rc;
}

/* With `connect = demand` the tether itself listens and is asleep. */
static int enable(const struct profile *p, struct err *e)
{
    char *path = agent_path(p->name, e);
    char *target = mem_printf("gui/%lu", (unsigned long)getuid());
    int rc = path != NULL ? write_agent(p, path, e) : -1;

    if (rc == 0) {
        unload(p->name);
        rc = launchctl("bootstrap", target, path, e);
    }
    free(target);
    free(path);
    return rc;
}

static int disable(const char *name, struct err *e)
{
    char *path = agent_path(name, e);
    int rc = path != NULL ? 0 : -1;

    if (rc == 0)
        unload(name);
    if (rc == 0 && unlink(path) != 0 && errno != ENOENT)
        rc = err_set_errno(e, ERR_FAILED, LAYER, "cannot remove %s", path);
    if (rc == 0 && tether_client_down(name, true, e) < 0)
        rc = -1;
    free(path);
    return rc;
}

const struct service_manager launchd = { .enabled = enabled, .enable = enable, .disable = disable };
