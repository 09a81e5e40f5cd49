#include "tether/service.h"

#include "base/file.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LAYER "socket activation"
#define FIRST_FD 3
#define FDS_MAX 64
#define CGROUP_MAX (64 * 1024)
#define SUFFIX ".service"

/* A whole number without sign; -1 for anything else. */
static long long number(const char *text)
{
    char *end;

    if (text == NULL || *text < '0' || *text > '9')
        return -1;
    errno = 0;
    long long n = strtoll(text, &end, 10);
    return *end == '\0' && errno == 0 ? n : -1;
}

static bool is_us(const char *variable)
{
    return number(getenv(variable)) == (long long)getpid();
}

/* ---- the socket ------------------------------------------------------------ */

static int option_of(int fd, int option)
{
    int value = -1;
    socklen_t len = sizeof value;

    return getsockopt(fd, SOL_SOCKET, option, &value, &len) == 0 ? value : -1;
}

/* The same name, or another name of the same file. */
static bool same_path(const char *a, const char *b)
{
    struct stat s, t;

    return strcmp(a, b) == 0 ||
           (lstat(a, &s) == 0 && lstat(b, &t) == 0 && s.st_dev == t.st_dev && s.st_ino == t.st_ino);
}

/* `name` is what the manager calls the descriptor. */
static int check_socket(int fd, const char *name, const char *path, struct err *e)
{
    struct sockaddr_un sa = { .sun_family = AF_UNSPEC };
    socklen_t len = sizeof sa;
    char bound[sizeof sa.sun_path + 1] = "";

    if (getsockname(fd, (struct sockaddr *)&sa, &len) != 0 || sa.sun_family != AF_UNIX)
        return err_set(e, ERR_FAILED, LAYER, "descriptor %d (%s) is no unix socket", fd, name);
    if (option_of(fd, SO_TYPE) != SOCK_STREAM)
        return err_set(e, ERR_FAILED, LAYER, "descriptor %d (%s) is no stream socket", fd, name);
    if (option_of(fd, SO_ACCEPTCONN) != 1) {
        err_set(e, ERR_FAILED, LAYER, "descriptor %d (%s) does not listen", fd, name);
        return err_hint(e, "in the socket unit: Accept=no");
    }
    if (len > offsetof(struct sockaddr_un, sun_path))
        memcpy(bound, sa.sun_path, len - offsetof(struct sockaddr_un, sun_path));
    if (same_path(bound, path))
        return 0;
    /* Docker's context, `env` and `status` name that path and no other. */
    err_set(e, ERR_FAILED, LAYER, "descriptor %d (%s) listens on %s, the profile's socket is %s", fd, name,
            *bound != '\0' ? bound : "an abstract address", path);
    return err_hint(e, "in the socket unit: ListenStream=%s", path);
}

static int prepare_socket(int fd, struct err *e)
{
    int flags = fcntl(fd, F_GETFL);

    if (flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0)
        return 0;
    return err_set_errno(e, ERR_FAILED, LAYER, "cannot make descriptor %d non-blocking", fd);
}

/* The colon-separated name at the place, into buf. */
static void name_at(const char *names, long long at, char *buf, size_t size)
{
    while (at-- > 0 && *names != '\0') {
        names += strcspn(names, ":");
        names += *names == ':';
    }
    snprintf(buf, size, "%.*s", (int)strcspn(names, ":"), names);
    if (*buf == '\0')
        snprintf(buf, size, "without a name");
}

/* Those that are not taken are closed: the manager has them still. */
static int take_sockets(struct service *s, long long count, const char *names, const char *path,
                        struct err *e)
{
    char name[256];
    int rc = 0;

    if (count > FDS_MAX)
        return err_set(e, ERR_FAILED, LAYER, "%lld descriptors were passed, one is wanted", count);
    for (int fd = FIRST_FD; fd < FIRST_FD + (int)count; fd++) {
        name_at(names, fd - FIRST_FD, name, sizeof name);
        if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
            rc = err_set(rc == 0 ? e : NULL, ERR_FAILED, LAYER, "descriptor %d (%s) is not open", fd, name);
        else if (rc == 0 && s->sock >= 0)
            rc = err_set(e, ERR_FAILED, LAYER, "descriptor %d (%s) is one too many", fd, name);
        else if (rc == 0 && (check_socket(fd, name, path, e) != 0 || prepare_socket(fd, e) != 0))
            rc = -1;
        if (rc == 0)
            s->sock = fd;
        else
            close(fd);
    }
    if (rc != 0 && s->sock >= 0)
        close(s->sock);
    if (rc != 0)
        s->sock = -1;
    return rc;
}

static int take_listen(struct service *s, const char *path, struct err *e)
{
    long long count = is_us("LISTEN_PID") ? number(getenv("LISTEN_FDS")) : 0;
    char *names = mem_strdup(getenv("LISTEN_FDNAMES"));
    bool nonsense = is_us("LISTEN_PID") && count < 0;

    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    unsetenv("LISTEN_PIDFDID");
    int rc = nonsense ? err_set(e, ERR_FAILED, LAYER, "LISTEN_FDS is no number")
                      : take_sockets(s, count, names != NULL ? names : "", path, e);
    s->managed = s->managed || count > 0;
    free(names);
    return rc;
}

/* ---- what it hears --------------------------------------------------------- */

static void take_notify(struct service *s)
{
    const char *address = getenv("NOTIFY_SOCKET");
    size_t len = address != NULL ? strlen(address) : 0;

    /* A path, or an abstract address with @ for its zero byte. Others (vsock) are for machines. */
    if (len > 1 && len < sizeof s->to.sun_path && (*address == '/' || *address == '@')) {
        s->to.sun_family = AF_UNIX;
        memcpy(s->to.sun_path, address, len);
        if (*address == '@')
            s->to.sun_path[0] = '\0';
        s->to_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + (*address == '/'));
        s->notify = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        s->managed = true;
    }
    unsetenv("NOTIFY_SOCKET");
}

static void take_watchdog(struct service *s)
{
    long long usec = number(getenv("WATCHDOG_USEC"));

    if (usec > 0 && (getenv("WATCHDOG_PID") == NULL || is_us("WATCHDOG_PID")))
        s->watchdog_ms = usec / 1000 > 0 ? usec / 1000 : 1;
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
}

bool service_tell(const struct service *s, const char *lines)
{
    if (s->notify < 0)
        return true;
    ssize_t n = sendto(s->notify, lines, strlen(lines), MSG_NOSIGNAL | MSG_DONTWAIT,
                       (const struct sockaddr *)&s->to, s->to_len);
    return n >= 0 || (errno != EAGAIN && errno != EINTR && errno != ENOBUFS);
}

void service_tell_error(const struct service *s, const struct err *e)
{
    char text[ERR_MSG_SIZE + ERR_LAYER_SIZE + 4];

    err_text(e, text, sizeof text);
    char *line = mem_printf("STATUS=%s\n", text);
    (void)service_tell(s, line);
    free(line);
}

/* ---- who we are ------------------------------------------------------------ */

char *service_unit_of(const char *cgroups)
{
    char *unit = NULL;

    for (const char *line = cgroups; *line != '\0' && unit == NULL;) {
        size_t len = strcspn(line, "\n");
        char *copy = mem_printf("%.*s", (int)len, line);
        const char *last = strrchr(copy, '/');
        /* Version 2 has "0::PATH"; before, systemd kept a hierarchy of its own. */
        bool systemd = strncmp(copy, "0::/", 4) == 0 || strstr(copy, ":name=systemd:/") != NULL;
        if (systemd && last != NULL) {
            last += 1 + (last[1] == '_'); /* what could be taken for a file of the kernel's */
            size_t size = strlen(last);
            if (size > strlen(SUFFIX) && strcmp(last + size - strlen(SUFFIX), SUFFIX) == 0)
                unit = mem_strdup(last);
        }
        free(copy);
        line += len + (line[len] == '\n');
    }
    return unit;
}

/* Children of a service inherit its cgroup: only with a word that is for us alone. */
static char *own_unit(void)
{
    char *text = NULL, *unit = NULL;
    size_t len;

    if (is_us("SYSTEMD_EXEC_PID") &&
        file_read("/proc/self/cgroup", FILE_ANY, CGROUP_MAX, &text, &len, NULL) == 0)
        unit = service_unit_of(text);
    free(text);
    return unit;
}

static bool is_launchd(void)
{
    const char *label = getenv("XPC_SERVICE_NAME");

    /* Programs of a terminal have "0". */
    return label != NULL && strncmp(label, "docktether.", strlen("docktether.")) == 0;
}

int service_take(struct service *s, const char *path, struct err *e)
{
    memset(s, 0, sizeof *s);
    s->sock = s->notify = -1;
    take_notify(s);
    take_watchdog(s);
    s->unit = own_unit();
    s->managed = s->managed || is_launchd();
    return take_listen(s, path, e);
}

void service_clear(struct service *s)
{
    if (s->sock >= 0)
        close(s->sock);
    if (s->notify >= 0)
        close(s->notify);
    free(s->unit);
    memset(s, 0, sizeof *s);
    s->sock = s->notify = -1;
}
