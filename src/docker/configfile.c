#include "docker/configfile.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LAYER CONFIGFILE_LAYER
#define SIZE_LIMIT (4u * 1024 * 1024)
#define LINKS_MAX 40 /* as the kernel */
#define EMPTY "{}"

static int from_base(struct err *e)
{
    if (e != NULL)
        snprintf(e->layer, sizeof e->layer, "%s", LAYER);
    return -1;
}

static char *config_path(struct err *e)
{
    char *dir = path_docker_config(e);

    if (dir == NULL) {
        from_base(e);
        return NULL;
    }
    char *path = mem_printf("%s/config.json", dir);
    free(dir);
    return path;
}

/* To Docker, white space and "null" are a file without keys. */
static bool is_blank(const char *text)
{
    text += strspn(text, " \t\r\n");
    if (strncmp(text, "null", 4) == 0)
        text += 4;
    return text[strspn(text, " \t\r\n")] == '\0';
}

int configfile_parse(const struct configfile *f, const char *text, struct jsontext *j, struct err *e)
{
    const char *why;
    size_t line;

    if (jsontext_parse(j, text, &line, &why) == 0)
        return 0;
    err_set(e, ERR_FAILED, LAYER, "%s does not parse, line %zu: %s", f->path, line, why);
    err_fix_file(e, ERR_EDITOR, f->path);
    return err_hint(
        e, "correct it by hand: docktether use, rm and plugin leave it alone until then, Docker ignores "
           "and overwrites it");
}

static int read_text(struct configfile *f, struct err *e)
{
    size_t len;
    int rc = file_read(f->path, FILE_ANY, SIZE_LIMIT, &f->text, &len, e);

    if (rc < 0)
        return from_base(e);
    if (rc == 1 || is_blank(f->text)) {
        free(f->text);
        f->text = mem_strdup(EMPTY);
    }
    return 0;
}

int configfile_load(struct configfile *f, struct err *e)
{
    struct jsontext j;

    *f = (struct configfile){ .path = config_path(e) };
    if (f->path == NULL)
        return -1;
    if (read_text(f, e) != 0 || configfile_parse(f, f->text, &j, e) != 0) {
        configfile_clear(f);
        return -1;
    }
    jsontext_clear(&j);
    return 0;
}

void configfile_clear(struct configfile *f)
{
    free(f->path);
    free(f->text);
    *f = (struct configfile){ 0 };
}

/* ---- writing the file ------------------------------------------------- */

/* Where path leads through symbolic links, the last of which may dangle. */
static char *follow(const char *path, struct err *e)
{
    char *now = mem_strdup(path);
    char target[PATH_MAX];

    for (int i = 0; i < LINKS_MAX; i++) {
        ssize_t n = readlink(now, target, sizeof target - 1);
        if (n < 0)
            return now; /* no link, or nothing there yet */
        target[n] = '\0';
        char *next = target[0] == '/' ? mem_strdup(target)
                                      : mem_printf("%.*s%s", (int)(strrchr(now, '/') + 1 - now), now, target);
        free(now);
        now = next;
    }
    free(now);
    errno = ELOOP;
    err_set_errno(e, ERR_FAILED, LAYER, "cannot follow %s", path);
    return NULL;
}

/* Owner, group and mode of the file that is replaced: it holds credentials,
 * and under sudo it is somebody else's. Where the group cannot be kept, the
 * new one gets nothing. */
static int copy_access(int fd, const struct stat *old)
{
    mode_t mode = old->st_mode & 0777;

    if (fchown(fd, old->st_uid, old->st_gid) != 0 && fchown(fd, (uid_t)-1, old->st_gid) != 0)
        mode &= ~(mode_t)S_IRWXG;
    return fchmod(fd, mode);
}

/* As file_write(), but the new file gets the access of the old one. */
static int write_anew(const char *path, const char *text, struct err *e)
{
    struct stat old;
    int rc = -1;
    char *dir = mem_printf("%.*s", (int)(strrchr(path, '/') + 1 - path), path);
    char *tmp = mem_printf("%s.docktether-XXXXXX", dir);

    int fd = mkostemp(tmp, O_CLOEXEC);
    if (fd < 0) {
        err_set_errno(e, ERR_FAILED, LAYER, "cannot create a file in %s", dir);
        err_hint(e, "Docker's own files lie there; `docker context use` needs to write them too");
        goto out;
    }
    FILE *f = fdopen(fd, "w");
    if (f == NULL) {
        close(fd);
        errno = ENOMEM;
    }
    bool ok = f != NULL && (stat(path, &old) != 0 || copy_access(fd, &old) == 0) && fputs(text, f) >= 0 &&
              fflush(f) == 0 && fsync(fd) == 0 && rename(tmp, path) == 0;
    if (!ok) {
        err_set_errno(e, ERR_FAILED, LAYER, "cannot write %s", path);
        unlink(tmp);
    }
    if (f != NULL)
        fclose(f);
    rc = ok ? 0 : -1;
out:
    free(tmp);
    free(dir);
    return rc;
}

/* What would end the process waits: it would leave a copy of the credentials behind. */
static int replace(const char *path, const char *text, struct err *e)
{
    static const int ending[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };
    sigset_t held, before;

    sigemptyset(&held);
    for (size_t i = 0; i < sizeof ending / sizeof *ending; i++)
        sigaddset(&held, ending[i]);
    pthread_sigmask(SIG_BLOCK, &held, &before);
    int rc = write_anew(path, text, e);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

int configfile_save(const struct configfile *f, const char *text, struct err *e)
{
    if (strcmp(text, f->text) == 0)
        return 0;
    char *dir = path_docker_config(e);
    if (dir == NULL || file_mkdirs(dir, 0700, e) != 0) {
        free(dir);
        return from_base(e);
    }
    free(dir);

    char *target = follow(f->path, e);
    if (target == NULL)
        return -1;
    int rc = replace(target, text, e);
    free(target);
    return rc;
}
