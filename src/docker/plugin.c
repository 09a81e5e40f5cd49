#include "docker/plugin.h"

#include "base/mem.h"

#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define LAYER "docker"
#define NOWHERE ((size_t)-1)
#define AT(member) offsetof(struct plugin_globals, member)

static const struct global {
    const char *name;
    char letter;
    bool value;
    size_t at; /* a string's or a flag's place; NOWHERE: it means nothing to us */
} globals[] = {
    { "config", 0, true, AT(config) },      { "context", 'c', true, AT(context) },
    { "host", 'H', true, AT(host) },        { "help", 'h', false, AT(help) },
    { "version", 'v', false, AT(version) }, { "debug", 'D', false, NOWHERE },
    { "log-level", 'l', true, NOWHERE },    { "tls", 0, false, NOWHERE },
    { "tlsverify", 0, false, NOWHERE },     { "tlscacert", 0, true, NOWHERE },
    { "tlscert", 0, true, NOWHERE },        { "tlskey", 0, true, NOWHERE },
};
#define GLOBALS (sizeof globals / sizeof *globals)

static const struct global *by_name(const char *name, size_t len)
{
    for (size_t i = 0; i < GLOBALS; i++)
        if (strlen(globals[i].name) == len && strncmp(globals[i].name, name, len) == 0)
            return &globals[i];
    return NULL;
}

static const struct global *by_letter(char letter)
{
    for (size_t i = 0; i < GLOBALS; i++)
        if (letter != 0 && globals[i].letter == letter)
            return &globals[i];
    return NULL;
}

static void store(struct plugin_globals *to, const struct global *g, const char *value)
{
    if (g->at == NOWHERE)
        return;
    if (g->value)
        memcpy((char *)to + g->at, &value, sizeof value);
    else
        *((char *)to + g->at) = strcmp(value, "false") != 0 && strcmp(value, "0") != 0;
}

/* The value that stands in the next word. */
static int take_next(struct plugin_globals *to, const struct global *g, int argc, char *const *argv, int *at,
                     struct err *e)
{
    if (*at + 1 >= argc)
        return err_set(e, ERR_USAGE, LAYER, "option --%s needs a value", g->name);
    store(to, g, argv[++*at]);
    return 0;
}

static int read_long(struct plugin_globals *to, int argc, char *const *argv, int *at, struct err *e)
{
    const char *name = argv[*at] + 2;
    size_t len = strcspn(name, "=");
    const struct global *g = by_name(name, len);

    if (g == NULL)
        return err_set(e, ERR_USAGE, LAYER, "unknown option --%.*s", (int)len, name);
    if (name[len] == '=')
        store(to, g, name + len + 1);
    else if (g->value)
        return take_next(to, g, argc, argv, at, e);
    else
        store(to, g, "true");
    return 0;
}

static int read_short(struct plugin_globals *to, int argc, char *const *argv, int *at, struct err *e)
{
    for (const char *p = argv[*at] + 1; *p != '\0'; p++) {
        const struct global *g = by_letter(*p);
        if (g == NULL)
            return err_set(e, ERR_USAGE, LAYER, "unknown option -%c", *p);
        if (g->value && p[1] == '\0')
            return take_next(to, g, argc, argv, at, e);
        if (g->value || p[1] == '=') {
            store(to, g, p + 1 + (p[1] == '='));
            return 0;
        }
        store(to, g, "true");
    }
    return 0;
}

int plugin_globals(struct plugin_globals *g, int argc, char *const *argv, int *at, struct err *e)
{
    *g = (struct plugin_globals){ 0 };
    for (; *at < argc; ++*at) {
        const char *word = argv[*at];
        if (word[0] != '-' || word[1] == '\0')
            return 0;
        if (strcmp(word, "--") == 0) {
            ++*at;
            return 0;
        }
        if ((word[1] == '-' ? read_long : read_short)(g, argc, argv, at, e) != 0)
            return -1;
    }
    return 0;
}

/* ---- into the environment ---------------------------------------------- */

static int set(const char *variable, const char *value, const char *unset, struct err *e)
{
    if (setenv(variable, value, 1) == 0 && (unset == NULL || unsetenv(unset) == 0))
        return 0;
    return err_set_errno(e, ERR_FAILED, LAYER, "cannot set the environment");
}

static int set_config(const char *dir, struct err *e)
{
    if (dir[0] == '/')
        return set("DOCKER_CONFIG", dir, NULL, e);
    char *cwd = getcwd(NULL, 0);
    if (cwd == NULL)
        return err_set_errno(e, ERR_FAILED, LAYER, "--config %s is relative, and there is no directory", dir);
    char *path = mem_printf("%s/%s", strcmp(cwd, "/") == 0 ? "" : cwd, dir);
    int rc = set("DOCKER_CONFIG", path, NULL, e);
    free(path);
    free(cwd);
    return rc;
}

int plugin_apply(const struct plugin_globals *g, struct err *e)
{
    if (g->config != NULL && *g->config != '\0' && set_config(g->config, e) != 0)
        return -1;
    if (g->host != NULL && *g->host != '\0' && set("DOCKER_HOST", g->host, "DOCKER_CONTEXT", e) != 0)
        return -1;
    if (g->context != NULL && *g->context != '\0')
        return set("DOCKER_CONTEXT", g->context, "DOCKER_HOST", e);
    return 0;
}

void plugin_follow(void)
{
#if defined(__linux__) && defined(F_SETSIG)
    const char *name = getenv(PLUGIN_SOCKET_VARIABLE);
    struct sockaddr_un sa = { .sun_family = AF_UNIX };
    size_t len = name != NULL ? strlen(name) : 0;

    if (len < 2 || len >= sizeof sa.sun_path)
        return;
    memcpy(sa.sun_path, name, len);
    if (name[0] == '@')
        sa.sun_path[0] = '\0'; /* an abstract one */
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return;
    /* Stays open for as long as the process lives, also when it becomes another
     * program: the kernel watches it. */
    if (connect(fd, (const struct sockaddr *)&sa,
                (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) != 0 ||
        fcntl(fd, F_SETOWN, getpid()) != 0 || fcntl(fd, F_SETSIG, SIGTERM) != 0 ||
        fcntl(fd, F_SETFL, O_NONBLOCK | O_ASYNC) != 0)
        close(fd);
#endif
}

/* ---- documents ---------------------------------------------------------- */

json_t *plugin_metadata(void)
{
    return json_pack("{s:s,s:s,s:s,s:s}", "SchemaVersion", "0.1.0", "Vendor", "docktether", "Version",
                     PACKAGE_VERSION, "ShortDescription",
                     "Remote Docker hosts, each over one pinned SSH connection");
}

char *plugin_hook_error(const char *request)
{
    json_t *o = json_loads(request, 0, NULL);
    const char *text = json_string_value(json_object_get(o, "CommandError"));
    char *error = text != NULL && *text != '\0' ? mem_strdup(text) : NULL;

    json_decref(o);
    return error;
}

json_t *plugin_hook_answer(const char *text)
{
    /* Two braces would begin a template of Go's, and there is none to end. */
    char *plain = mem_strdup(text);

    for (char *p = plain; (p = strstr(p, "{{")) != NULL;)
        *p = '(';
    json_t *o = json_pack("{s:i,s:s}", "Type", 0, "Template", plain);
    free(plain);
    return o;
}
