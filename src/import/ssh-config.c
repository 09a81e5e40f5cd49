#include "import/ssh-config.h"

#include "base/path.h"
#include "base/run.h"

#include <inttypes.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LAYER "ssh -G"
#define OUTPUT_MAX (256u * 1024)
#define PATIENCE_MS 5000

void ssh_config_clear(struct ssh_config *c)
{
    free(c->hostname);
    free(c->user);
    free(c->proxy_jump);
    free(c->proxy_command);
    free(c->host_key_alias);
    free(c->agent);
    strv_clear(&c->identities);
    strv_clear(&c->certificates);
    strv_clear(&c->known_hosts);
    *c = (struct ssh_config){ 0 };
}

/* ---- running it ---------------------------------------------------------- */

static int ask(const char *config, const char *host, const char *user, int64_t port, char *buf, struct err *e)
{
    char number[24];
    const char *argv[12] = { "ssh", "-G" };
    size_t n = 2;

    snprintf(number, sizeof number, "%" PRId64, port);
    if (config != NULL) {
        argv[n++] = "-F";
        argv[n++] = config;
    }
    if (user != NULL) {
        argv[n++] = "-l";
        argv[n++] = user;
    }
    if (port != 0) {
        argv[n++] = "-p";
        argv[n++] = number;
    }
    argv[n++] = "--";
    argv[n] = host;
    return run_program(LAYER, argv, PATIENCE_MS, buf, OUTPUT_MAX, e);
}

/* ---- what it says -------------------------------------------------------- */

struct tokens {
    const char *alias;
    const struct ssh_config *c;
};

/* ssh leaves its tokens (%h, %r, ...) in the names of files. NULL for one whose
 * value only a connection would tell, and for ${VARIABLES}. */
static char *expand_tokens(const char *path, const struct tokens *t)
{
    char *out = mem_strdup(""), port[24];

    snprintf(port, sizeof port, "%" PRId64, t->c->port);
    for (const char *s = path; out != NULL && *s != '\0'; s++) {
        const char literal[2] = { *s, '\0' }, *value = literal;
        if (s[0] == '$' && s[1] == '{')
            value = NULL;
        if (s[0] == '%') {
            switch (*++s) {
            case 'd':
                value = "~";
                break;
            case 'h':
                value = t->c->hostname;
                break;
            case 'n':
                value = t->alias;
                break;
            case 'p':
                value = port;
                break;
            case 'r':
                value = t->c->user;
                break;
            case '%':
                value = "%";
                break;
            default:
                value = NULL;
                break;
            }
        }
        char *longer = value != NULL ? mem_printf("%s%s", out, value) : NULL;
        free(out);
        out = longer;
        if (*s == '\0')
            break;
    }
    return out;
}

static bool is_file(const char *path)
{
    struct stat st;
    char *full = path_expand(path, NULL);
    bool there = full != NULL && stat(full, &st) == 0 && S_ISREG(st.st_mode);

    free(full);
    return there;
}

/* For ssh ~ is the home of the password database, for everything here it is
 * $HOME. Mostly they are one. */
static bool home_is_elsewhere(char **home, const char **ssh_home)
{
    const struct passwd *pw = getpwuid(getuid());

    *home = path_home(NULL);
    *ssh_home = pw != NULL ? pw->pw_dir : NULL;
    return *home != NULL && *ssh_home != NULL && strcmp(*home, *ssh_home) != 0;
}

/* As a profile would have it: ~/ for what lies in the home, whichever was meant. */
static char *own_path(const char *path)
{
    const char *theirs;
    char *ours, *own = NULL;

    if (home_is_elsewhere(&ours, &theirs) && strncmp(path, theirs, strlen(theirs)) == 0 &&
        path[strlen(theirs)] == '/')
        own = mem_printf("~%s", path + strlen(theirs));
    free(ours);
    if (own == NULL)
        own = path[0] == '/' ? path_display(path) : mem_strdup(path);
    return own;
}

/* Files that are not there ssh passes over. */
static void keep_files(struct strv *files, const struct tokens *t)
{
    struct strv kept = { 0 };

    for (size_t i = 0; i < files->count; i++) {
        char *path = expand_tokens(files->items[i], t);
        char *shown = path != NULL ? own_path(path) : NULL;
        if (shown != NULL && is_file(shown))
            strv_add(&kept, shown);
        free(shown);
        free(path);
    }
    strv_clear(files);
    *files = kept;
}

static void add_known_hosts(struct ssh_config *c, const char *path)
{
    char *own = own_path(path), *full = path_expand(own, NULL);

    if (full != NULL)
        strv_add(&c->known_hosts, full);
    free(full);
    free(own);
}

static void take(struct ssh_config *c, const char *key, char *value)
{
    const struct {
        const char *key;
        char **to;
    } texts[] = { { "hostname", &c->hostname },           { "user", &c->user },
                  { "proxyjump", &c->proxy_jump },        { "proxycommand", &c->proxy_command },
                  { "hostkeyalias", &c->host_key_alias }, { "identityagent", &c->agent } };
    char *save = NULL;
    bool is_name = strcmp(key, "hostname") == 0 || strcmp(key, "user") == 0;

    if (strcmp(value, "none") == 0 && !is_name && strcmp(key, "identityagent") != 0)
        return;
    if (strcmp(key, "port") == 0)
        c->port = strtol(value, NULL, 10);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (strcmp(key, texts[i].key) == 0)
            mem_replace(texts[i].to, value);
    if (strcmp(key, "identityfile") == 0)
        strv_add(&c->identities, value);
    if (strcmp(key, "certificatefile") == 0)
        strv_add(&c->certificates, value);
    if (strcmp(key, "userknownhostsfile") == 0 || strcmp(key, "globalknownhostsfile") == 0)
        for (char *w = strtok_r(value, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save))
            add_known_hosts(c, w);
}

static void parse(struct ssh_config *c, char *text)
{
    char *save = NULL;

    for (char *line = strtok_r(text, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
        char *value = strchr(line, ' ');
        if (value == NULL)
            continue;
        *value++ = '\0';
        take(c, line, value);
    }
}

/* "none" is "no", the usual variable says nothing new, others are not followed. */
static void settle_agent(struct ssh_config *c)
{
    if (c->agent == NULL)
        return;
    char *own = NULL;
    if (strcmp(c->agent, "none") == 0)
        own = mem_strdup("no");
    else if (c->agent[0] == '/' || strncmp(c->agent, "~/", 2) == 0)
        own = own_path(c->agent);
    free(c->agent);
    c->agent = own;
}

/* True when the identities are those that ssh tries without being told any. */
static bool are_defaults(const struct strv *identities, char *buf)
{
    struct ssh_config plain = { 0 };

    if (ask("none", "localhost", NULL, 0, buf, NULL) != 0)
        return false;
    parse(&plain, buf);
    bool same = strv_equal(&plain.identities, identities);
    ssh_config_clear(&plain);
    return same;
}

/* The file that ssh-hosts.c has read, where ssh would read another one. */
static char *own_config(void)
{
    const char *theirs;
    char *ours, *path = NULL;

    if (home_is_elsewhere(&ours, &theirs)) {
        path = mem_printf("%s/.ssh/config", ours);
        if (!is_file(path))
            mem_replace(&path, "none");
    }
    free(ours);
    return path;
}

int ssh_config_resolve(const char *host, const char *user, int64_t port, struct ssh_config *c, struct err *e)
{
    const struct tokens t = { .alias = host, .c = c };
    char *buf = mem_alloc(OUTPUT_MAX);

    *c = (struct ssh_config){ 0 };
    char *config = own_config();
    int rc = ask(config, host, user, port, buf, e);
    free(config);
    if (rc == 0) {
        parse(c, buf);
        if (c->hostname == NULL || c->user == NULL || c->port == 0)
            rc = err_set(e, ERR_FAILED, LAYER, "it does not tell host, user and port");
    }
    if (rc == 0) {
        if (are_defaults(&c->identities, buf))
            strv_clear(&c->identities);
        keep_files(&c->identities, &t);
        keep_files(&c->certificates, &t);
        settle_agent(c);
    } else {
        ssh_config_clear(c);
    }
    free(buf);
    return rc;
}
