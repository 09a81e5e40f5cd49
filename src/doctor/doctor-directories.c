/* The directories on this side that a tether and its commands need. */
#include "doctor/doctor.h"

#include "base/file.h"
#include "base/path.h"
#include "base/quote.h"
#include "store/runtime.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* How strict docktether is about one. */
enum care {
    CARE_PRIVATE, /* a real directory of the user's, which no other user can write to */
    CARE_OURS,    /* the user can write to it */
};

/* The remedy for a path of another user, for everything in it. */
static void give_back(const char *path, struct finding *f)
{
    char *word = quote_sh(path);

    finding_hint(f, "was docktether started with sudo -E?");
    finding_fix(f, NULL, "sudo chown -R \"$(id -un)\" %s", word);
    free(word);
}

static void put_aside(const char *path, struct finding *f)
{
    char *word = quote_sh(path), *old = mem_printf("%s.old", path), *other = quote_sh(old);

    finding_hint(f, "docktether creates the directory when it needs one");
    finding_fix(f, NULL, "mv %s %s", word, other);
    free(other);
    free(old);
    free(word);
}

/* The nearest directory above that is there. Allocated. */
static char *parent_of(const char *path)
{
    char *parent = mem_strdup(path);
    struct stat st;

    do {
        char *slash = strrchr(parent, '/');
        if (slash == NULL || slash == parent) {
            free(parent);
            return mem_strdup("/");
        }
        *slash = '\0';
    } while (lstat(parent, &st) != 0 && errno == ENOENT);
    return parent;
}

/* Without the runtime and the state directory there is no tether; the others are only
 * written by some commands. */
__attribute__((format(printf, 3, 4))) static void complain(struct finding *f, enum care care, const char *fmt,
                                                           ...)
{
    char text[ERR_MSG_SIZE];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (care == CARE_PRIVATE)
        finding_fail(f, ERR_FAILED, "%s", text);
    else
        finding_warn(f, "%s", text);
}

static void judge_missing(const char *path, enum care care, struct finding *f)
{
    char *parent = parent_of(path), *word = quote_sh(path);

    if (access(parent, W_OK | X_OK) != 0) {
        complain(f, care, "%s cannot be created: %s: %s", path, parent, strerror(errno));
        finding_hint(f,
                     "create it for yourself, or choose another place with XDG_RUNTIME_DIR, XDG_STATE_HOME, "
                     "XDG_CONFIG_HOME or DOCKER_CONFIG");
        finding_fix(f, NULL, "sudo install -d -m 700 -o \"$(id -un)\" %s", word);
    }
    free(word);
    free(parent);
}

static void judge_mode(const char *path, struct finding *f)
{
    char *word = quote_sh(path);

    finding_hint(f, "look first whether its content is yours");
    finding_fix(f, NULL, "chmod u+rwx,go-w %s", word);
    free(word);
}

static void judge_present(const char *path, const struct stat *st, enum care care, struct finding *f)
{
    struct err e = ERR_INIT;
    struct stat target = *st;

    if (care == CARE_OURS && S_ISLNK(st->st_mode) && stat(path, &target) != 0)
        target = *st;
    if (care == CARE_PRIVATE && file_check_dir(path, &e) < 0)
        complain(f, care, "%s", e.msg);
    else if (!S_ISDIR(target.st_mode))
        complain(f, care, "%s is not a directory", path);
    else if (access(path, R_OK | W_OK | X_OK) != 0)
        complain(f, care, "%s cannot be used: %s", path, strerror(errno));
    else
        return;
    if (!S_ISDIR(target.st_mode))
        put_aside(path, f);
    else if (target.st_uid != geteuid())
        give_back(path, f);
    else
        judge_mode(path, f);
}

/* Of path, which is the caller's to free; NULL with an error has no place. */
static void look_at(char *path, const struct err *e, enum care care, struct finding *f)
{
    struct stat st;

    if (f->verdict == VERDICT_NONE) {
        if (path == NULL)
            finding_error(f, VERDICT_FAILED, e, NULL);
        else if (lstat(path, &st) == 0)
            judge_present(path, &st, care, f);
        else if (errno == ENOENT)
            judge_missing(path, care, f);
        else
            complain(f, care, "%s cannot be looked at: %s", path, strerror(errno));
    }
    free(path);
}

/* The files of this profile in them: a lock that root made stops everybody else. */
static void look_at_files(const char *name, struct finding *f)
{
    struct runtime rt;
    struct stat st;

    if (f->verdict != VERDICT_NONE || runtime_init(&rt, name, NULL) != 0)
        return;
    const char *const files[] = { rt.lock, rt.log, rt.slots };
    for (size_t i = 0; f->verdict == VERDICT_NONE && i < sizeof files / sizeof *files; i++) {
        if (lstat(files[i], &st) != 0 || access(files[i], R_OK | W_OK) == 0)
            continue;
        finding_fail(f, ERR_FAILED, "%s belongs to another user (uid %lu)", files[i],
                     (unsigned long)st.st_uid);
        give_back(files[i], f);
    }
    runtime_clear(&rt);
}

void doctor_directories(struct doctor_host *h, struct finding *f)
{
    struct err e = ERR_INIT;

    look_at(path_runtime_dir(&e), &e, CARE_PRIVATE, f);
    look_at(path_state_dir(&e), &e, CARE_PRIVATE, f);
    look_at(path_config_dir(&e), &e, CARE_OURS, f);
    if (profile_has_context(h->profile))
        look_at(path_docker_config(&e), &e, CARE_OURS, f);
    look_at_files(h->name, f);
    if (f->verdict == VERDICT_NONE)
        finding_ok(f, "runtime, state and settings: all exist or can be created");
}
