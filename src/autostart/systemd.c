#include "autostart/systemd.h"

#include "autostart/unit.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/quote.h"
#include "base/run.h"
#include "control/tether-client.h"
#include "store/runtime.h"
#include "ui/out.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LAYER "systemd"
#define ASK_MS 10000
#define START_MS 180000 /* a start takes as long as the first attempt to connect */
#define OUTPUT_MAX (64 * 1024)
#define UNIT_MAX (64 * 1024)
#define DROP_IN "path.conf"

/* The first line of files that enable has written and may change and remove. */
#define MARK "# Written by docktether enable.\n"

static const char *const wants[] = {
    [LOGIN_NO] = NULL,
    [LOGIN_START] = "default.target.wants",
    [LOGIN_DEMAND] = "sockets.target.wants",
};

/* The units of one profile. */
struct units {
    char *dir;      /* of the user's own units */
    char *names[3]; /* by login_kind; LOGIN_NO has none */
};

static void units_clear(struct units *u)
{
    free(u->dir);
    free(u->names[LOGIN_START]);
    free(u->names[LOGIN_DEMAND]);
}

static int units_init(struct units *u, const char *profile, struct err *e)
{
    memset(u, 0, sizeof *u);
    u->dir = path_user_units(e);
    if (u->dir != NULL)
        u->names[LOGIN_START] = unit_name(profile, "service", e);
    if (u->names[LOGIN_START] != NULL)
        u->names[LOGIN_DEMAND] = unit_name(profile, "socket", e);
    if (u->names[LOGIN_DEMAND] != NULL)
        return 0;
    units_clear(u);
    return -1;
}

static bool is_enabled(const struct units *u, enum login_kind kind)
{
    struct stat st;
    char *link = mem_printf("%s/%s/%s", u->dir, wants[kind], u->names[kind]);
    bool yes = lstat(link, &st) == 0;

    free(link);
    return yes;
}

static enum login_kind enabled_kind(const struct units *u)
{
    return is_enabled(u, LOGIN_DEMAND) ? LOGIN_DEMAND : is_enabled(u, LOGIN_START) ? LOGIN_START : LOGIN_NO;
}

static enum login_kind enabled(const char *name)
{
    struct units u;

    if (units_init(&u, name, NULL) != 0)
        return LOGIN_NO;
    enum login_kind kind = enabled_kind(&u);
    units_clear(&u);
    return kind;
}

/* ---- systemctl --------------------------------------------------------------- */

/* said may be NULL. words ends with NULL. */
static int systemctl(const char *const *words, int patience_ms, char *said, struct err *e)
{
    const char *argv[10] = { "systemctl", "--user" };
    char *buf = said != NULL ? said : mem_alloc(OUTPUT_MAX);

    for (size_t i = 0; words[i] != NULL && i + 3 < sizeof argv / sizeof *argv; i++)
        argv[i + 2] = words[i];
    int rc = run_program(LAYER, argv, patience_ms, buf, OUTPUT_MAX, e);
    if (said == NULL)
        free(buf);
    if (rc != 1)
        return rc;
    err_set(e, ERR_FAILED, LAYER, "systemctl is not installed");
    return err_hint(e, "other service managers can run: docktether run NAME");
}

#define SYSTEMCTL(patience_ms, said, e, ...) \
    systemctl((const char *const[]){ __VA_ARGS__, NULL }, patience_ms, said, e)

/* The environment of the manager, and so of the tether. Allocated. */
static char *ask_environment(struct err *e)
{
    char *said = mem_alloc(OUTPUT_MAX);

    if (SYSTEMCTL(ASK_MS, said, e, "show-environment") == 0)
        return said;
    free(said);
    if (e->hint[0] == '\0')
        err_hint(e,
                 "systemd's user manager needs a login session: not a container, not su; to run it without a "
                 "login: loginctl enable-linger");
    return NULL;
}

/* The value of a variable in it, allocated; NULL if it is unset. */
static char *variable_of(const char *environment, const char *name)
{
    size_t len = strlen(name);

    for (const char *s = environment; *s != '\0'; s += strcspn(s, "\n"), s += *s == '\n')
        if (strncmp(s, name, len) == 0 && s[len] == '=')
            return mem_printf("%.*s", (int)strcspn(s + len + 1, "\n"), s + len + 1);
    return NULL;
}

/* ---- the files --------------------------------------------------------------- */

/* True when the file exists and begins with MARK. */
static bool is_ours(const char *path, bool *there)
{
    char *text = NULL;
    size_t len;

    *there = access(path, F_OK) == 0;
    bool ours =
        file_read(path, FILE_ANY, UNIT_MAX, &text, &len, NULL) == 0 && strncmp(text, MARK, strlen(MARK)) == 0;
    free(text);
    return ours;
}

/* Leaves an existing file of others as it is. */
static int write_marked(const char *path, const char *text, struct err *e)
{
    bool there;
    char *marked = mem_printf("%s%s", MARK, text);
    int rc = 0;

    if (is_ours(path, &there) || !there)
        rc = file_write(path, marked, strlen(marked), 0644, true, e);
    free(marked);
    return rc;
}

static int write_templates(const struct units *u, struct err *e)
{
    char *program = unit_program(e);
    int rc = program != NULL ? file_mkdirs(u->dir, 0755, e) : -1;

    if (rc == 0) {
        char *texts[2] = { unit_service_text(program), unit_socket_text() };
        char *paths[2] = { mem_printf("%s/%s", u->dir, UNIT_SERVICE),
                           mem_printf("%s/%s", u->dir, UNIT_SOCKET) };
        for (size_t i = 0; i < 2; i++) {
            rc = rc == 0 ? write_marked(paths[i], texts[i], e) : rc;
            free(texts[i]);
            free(paths[i]);
        }
    }
    free(program);
    return rc;
}

/* Does not write the templates if a package has installed them. */
static int install_templates(const struct units *u, struct err *e)
{
    char *said = mem_alloc(OUTPUT_MAX);
    int rc = SYSTEMCTL(ASK_MS, said, e, "show", "--property=FragmentPath", "--value", u->names[LOGIN_DEMAND]);
    bool there;

    said[strcspn(said, "\n")] = '\0';
    if (rc == 0 && (*said == '\0' || is_ours(said, &there)))
        rc = write_templates(u, e);
    free(said);
    return rc;
}

/* A long profile name gets a shortened socket path, which the template does not have. */
static int write_drop_in(const struct units *u, const char *profile, struct err *e)
{
    char *path = runtime_socket_path(profile, e);
    char *usual = mem_printf("/%s.sock", profile);
    char *dir = mem_printf("%s/%s.d", u->dir, u->names[LOGIN_DEMAND]);
    int rc = path != NULL ? 0 : -1;

    if (rc == 0 && strcmp(strrchr(path, '/'), usual) != 0) {
        char *file = mem_printf("%s/%s", dir, DROP_IN);
        char *text =
            mem_printf("[Socket]\nListenStream=\nListenStream=%%t/docktether%s\n", strrchr(path, '/'));
        rc = file_mkdirs(dir, 0755, e) == 0 ? write_marked(file, text, e) : -1;
        free(file);
        free(text);
    }
    free(dir);
    free(usual);
    free(path);
    return rc;
}

static void remove_marked(const char *path)
{
    bool there;

    if (is_ours(path, &there))
        (void)unlink(path);
}

/* True while a profile is enabled. */
static bool anything_enabled(const struct units *u)
{
    bool found = false;

    for (int kind = LOGIN_START; kind <= LOGIN_DEMAND && !found; kind++) {
        const struct dirent *entry;
        char *path = mem_printf("%s/%s", u->dir, wants[kind]);
        DIR *dir = opendir(path);
        free(path);
        while (dir != NULL && !found && (entry = readdir(dir)) != NULL)
            found = strncmp(entry->d_name, "docktether@", strlen("docktether@")) == 0;
        if (dir != NULL)
            closedir(dir);
    }
    return found;
}

static void remove_files(const struct units *u)
{
    char *dir = mem_printf("%s/%s.d", u->dir, u->names[LOGIN_DEMAND]);
    char *paths[] = { mem_printf("%s/%s", dir, DROP_IN), mem_printf("%s/%s", u->dir, UNIT_SERVICE),
                      mem_printf("%s/%s", u->dir, UNIT_SOCKET) };
    size_t count = anything_enabled(u) ? 1 : sizeof paths / sizeof *paths;

    for (size_t i = 0; i < count; i++)
        remove_marked(paths[i]);
    (void)rmdir(dir);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        free(paths[i]);
    free(dir);
}

/* ---- enable ------------------------------------------------------------------ */

/* A manager with other directories would look elsewhere for profiles and sockets. */
static int compare(const char *environment, const char *name, const char *fallback, struct err *e)
{
    char *there = variable_of(environment, name);
    const char *here = getenv(name), *theirs = there != NULL ? there : fallback;
    int rc = 0;

    here = here != NULL && *here != '\0' ? here : fallback;
    if (here != NULL && theirs != NULL && strcmp(here, theirs) != 0) {
        err_set(e, ERR_FAILED, LAYER, "the user manager has %s=%s, but this shell has %s", name, theirs,
                here);
        rc = err_hint(
            e, "systemctl --user import-environment %s; to keep it, set it in ~/.config/environment.d", name);
    }
    free(there);
    return rc;
}

static int check_environment(const struct profile *p, const char *environment, struct err *e)
{
    char *home = path_home(e);

    if (home == NULL)
        return -1;
    char *config = mem_printf("%s/.config", home);
    int rc = compare(environment, "XDG_CONFIG_HOME", config, e);
    if (rc == 0)
        rc = compare(environment, "XDG_RUNTIME_DIR", NULL, e);
    char *agent = variable_of(environment, "SSH_AUTH_SOCK");
    if (rc == 0 && agent == NULL && strcmp(p->agent, PROFILE_AGENT_YES) == 0 &&
        getenv("SSH_AUTH_SOCK") != NULL)
        out_note(p->name,
                 "systemd's user manager has no SSH_AUTH_SOCK, so the tether will have no agent; to name one "
                 "that exists at every login: docktether update %s --set agent=PATH",
                 p->name);
    free(agent);
    free(config);
    free(home);
    return rc;
}

static int apply(const struct units *u, const struct profile *p, enum login_kind kind, struct err *e)
{
    enum login_kind other = kind == LOGIN_DEMAND ? LOGIN_START : LOGIN_DEMAND;
    int rc = 0;

    /* A service with its own socket cannot take over systemd's, nor the reverse. */
    if (is_enabled(u, other))
        rc = SYSTEMCTL(START_MS, NULL, e, "disable", "--now", u->names[other], u->names[kind]);
    if (rc == 0)
        rc = SYSTEMCTL(START_MS, NULL, e, "enable", "--now", u->names[kind]);
    /* systemd now owns the socket of a tether that `up` has started: it hands over. */
    if (rc == 0 && kind == LOGIN_DEMAND && tether_client_running(p->name))
        rc = SYSTEMCTL(START_MS, NULL, e, "start", u->names[LOGIN_START]);
    if (rc != 0 && e->hint[0] == '\0') {
        char *unit = quote_unit(u->names[LOGIN_START]);
        err_hint(e, "journalctl --user -u %s", unit);
        free(unit);
    }
    return rc;
}

static int enable(const struct profile *p, struct err *e)
{
    enum login_kind kind =
        p->connect_on == CONNECT_DEMAND && profile_has_docker(p) ? LOGIN_DEMAND : LOGIN_START;
    struct units u;
    int rc = -1;

    if (units_init(&u, p->name, e) != 0)
        return -1;
    char *environment = ask_environment(e);
    if (environment != NULL && check_environment(p, environment, e) == 0 && install_templates(&u, e) == 0 &&
        write_drop_in(&u, p->name, e) == 0 && SYSTEMCTL(ASK_MS, NULL, e, "daemon-reload") == 0)
        rc = apply(&u, p, kind, e);
    free(environment);
    units_clear(&u);
    return rc;
}

/* ---- disable ----------------------------------------------------------------- */

/* For a machine whose manager does not run: removes the links directly. */
static void unlink_wants(const struct units *u)
{
    for (int kind = LOGIN_START; kind <= LOGIN_DEMAND; kind++) {
        char *link = mem_printf("%s/%s/%s", u->dir, wants[kind], u->names[kind]);
        (void)unlink(link);
        free(link);
    }
}

static int disable(const char *name, struct err *e)
{
    struct err why = ERR_INIT;
    struct units u;
    int rc = 0;

    if (units_init(&u, name, e) != 0)
        return -1;
    char *environment = ask_environment(&why);
    if (environment == NULL) {
        out_note(name, "%s: %s; it is no longer enabled, and a running one ends at logout", why.layer,
                 why.msg);
        unlink_wants(&u);
    } else {
        rc = SYSTEMCTL(START_MS, NULL, e, "disable", "--now", u.names[LOGIN_DEMAND], u.names[LOGIN_START]);
    }
    if (rc == 0)
        remove_files(&u);
    if (rc == 0 && environment != NULL)
        rc = SYSTEMCTL(ASK_MS, NULL, e, "daemon-reload");
    free(environment);
    units_clear(&u);
    return rc;
}

const struct service_manager systemd = { .enabled = enabled, .enable = enable, .disable = disable };
