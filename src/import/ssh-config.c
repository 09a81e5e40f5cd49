#include "import/ssh-config.h"

#include "base/path.h"
#include "base/run.h"
#include "import/proxy-command.h"
#include "import/ssh-paths.h"
#include "import/ssh-tokens.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LAYER "ssh -G"
#define OUTPUT_MAX (256u * 1024)
#define PATIENCE_MS 5000

struct ssh_config_reader {
    char *config; /* the file to read in place of ssh's own choice; NULL: as ssh chooses */
    bool knows_defaults;
    struct strv defaults; /* identity files that ssh tries without being told any */
    char *buf;            /* OUTPUT_MAX bytes */
};

void ssh_config_clear(struct ssh_config *c)
{
    free(c->hostname);
    free(c->user);
    free(c->proxy_jump);
    free(c->proxy_command);
    free(c->host_key_alias);
    free(c->agent);
    free(c->hash);
    strv_clear(&c->identities);
    strv_clear(&c->certificates);
    strv_clear(&c->known_hosts);
    strv_clear(&c->notes);
    *c = (struct ssh_config){ 0 };
}

__attribute__((format(printf, 2, 3))) static void note(struct ssh_config *c, const char *fmt, ...)
{
    char text[500];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    strv_add(&c->notes, text);
}

/* ---- running it ---------------------------------------------------------- */

/* ControlPath is expanded in the output: the one way to ssh's own value of %C. */
static int ask(const char *config, const char *host, const char *user, int64_t port, char *buf, struct err *e)
{
    char number[24];
    const char *argv[14] = { "ssh", "-G", "-o", "ControlPath=%C" };
    size_t n = 4;

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

/* ---- files ------------------------------------------------------------------ */

/* The text with its tokens replaced. NULL with a note where ssh alone has the value. */
static char *expand(struct ssh_config *c, const char *keyword, const char *text, const char *name)
{
    const struct ssh_tokens t = { .name = name,
                                  .host = c->hostname,
                                  .user = c->user,
                                  .jump = c->proxy_jump,
                                  .alias = c->host_key_alias,
                                  .hash = c->hash,
                                  .port = c->port };
    char why[SSH_TOKENS_WHY_SIZE];
    char *path = ssh_tokens_expand(text, &t, why);

    if (path == NULL)
        note(c, "%s %s is left out: %s", keyword, text, why);
    return path;
}

/* The private key, or its public half, by which ssh finds the key in the agent. NULL:
 * ssh would pass it over, too. */
static char *existing(const char *path, bool key)
{
    char *own = ssh_path_own(path), *half = mem_printf("%s.pub", own);

    if (!ssh_path_is_file(own)) {
        free(own);
        own = key && ssh_path_is_file(half) ? mem_strdup(half) : NULL;
    }
    free(half);
    return own;
}

static void keep_files(struct ssh_config *c, struct strv *files, const char *keyword, const char *name)
{
    struct strv kept = { 0 };

    for (size_t i = 0; i < files->count; i++) {
        char *path = expand(c, keyword, files->items[i], name);
        char *own = path != NULL ? existing(path, files == &c->identities) : NULL;
        if (own != NULL)
            strv_add(&kept, own);
        free(own);
        free(path);
    }
    strv_clear(files);
    *files = kept;
}

/* ---- known_hosts ----------------------------------------------------------- */

static void add_known_hosts(struct ssh_config *c, const char *list, const char *name)
{
    struct strv paths = { 0 };

    ssh_paths_split(list, &paths);
    for (size_t i = 0; i < paths.count; i++) {
        char *path = expand(c, "UserKnownHostsFile", paths.items[i], name);
        char *own = path != NULL ? ssh_path_own(path) : NULL;
        char *full = own != NULL ? path_expand(own, NULL) : NULL;
        if (full != NULL)
            strv_add(&c->known_hosts, full);
        free(full);
        free(own);
        free(path);
    }
    strv_clear(&paths);
}

static void find_known_hosts(struct ssh_config *c, const char *name)
{
    struct strv lists = c->known_hosts;

    c->known_hosts = (struct strv){ 0 };
    for (size_t i = 0; i < lists.count; i++)
        add_known_hosts(c, lists.items[i], name);
    strv_clear(&lists);
}

/* ---- the output ------------------------------------------------------------ */

static void take(struct ssh_config *c, const char *key, const char *value)
{
    const struct {
        const char *key;
        char **to;
    } texts[] = { { "hostname", &c->hostname },
                  { "user", &c->user },
                  { "proxyjump", &c->proxy_jump },
                  { "proxycommand", &c->proxy_command },
                  { "hostkeyalias", &c->host_key_alias },
                  { "identityagent", &c->agent },
                  { "controlpath", &c->hash } };
    const struct {
        const char *key;
        struct strv *to;
    } lists[] = { { "identityfile", &c->identities },
                  { "certificatefile", &c->certificates },
                  { "userknownhostsfile", &c->known_hosts },
                  { "globalknownhostsfile", &c->known_hosts } };
    bool is_name = strcmp(key, "hostname") == 0 || strcmp(key, "user") == 0;

    if (strcmp(value, "none") == 0 && !is_name && strcmp(key, "identityagent") != 0)
        return;
    if (strcmp(key, "port") == 0)
        c->port = strtol(value, NULL, 10);
    if (strcmp(key, "identitiesonly") == 0)
        c->identities_only = strcmp(value, "yes") == 0;
    if (strcmp(key, "knownhostscommand") == 0)
        note(c, "KnownHostsCommand %s is not run: keys are taken from known_hosts files alone", value);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (strcmp(key, texts[i].key) == 0)
            mem_replace(texts[i].to, value);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (strcmp(key, lists[i].key) == 0)
            strv_add(lists[i].to, value);
}

void ssh_config_parse(struct ssh_config *c, char *text)
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

/* ---- values for a profile ----------------------------------------------------- */

/* "$NAME": a profile names a path and no variable. */
static char *agent_of_variable(struct ssh_config *c)
{
    const char *value = getenv(c->agent + 1);

    if (value == NULL || value[0] != '/') {
        note(c, "IdentityAgent %s is left out: that variable holds no path now", c->agent);
        return NULL;
    }
    note(c, "IdentityAgent %s is kept as the path that the variable holds now, %s", c->agent, value);
    return ssh_path_own(value);
}

/* "none" becomes "no". A profile uses SSH_AUTH_SOCK anyway. */
static void settle_agent(struct ssh_config *c, const char *name)
{
    char *own = NULL, *path = NULL;

    if (c->agent == NULL)
        return;
    if (strcmp(c->agent, "none") == 0)
        own = mem_strdup("no");
    else if (c->agent[0] == '$' && c->agent[1] != '{')
        own = agent_of_variable(c);
    else if (strcmp(c->agent, "SSH_AUTH_SOCK") != 0)
        path = expand(c, "IdentityAgent", c->agent, name);
    if (path != NULL && (path[0] == '/' || strncmp(path, "~/", 2) == 0))
        own = ssh_path_own(path);
    else if (path != NULL)
        note(c, "IdentityAgent %s is left out: it is no absolute path", c->agent);
    free(path);
    free(c->agent);
    c->agent = own;
}

/* A command that equals a ProxyJump becomes one. */
static void settle_proxy(struct ssh_config *c)
{
    char *jump = c->proxy_command != NULL ? proxy_command_jump(c->proxy_command) : NULL;

    if (jump == NULL)
        return;
    note(c, "ProxyCommand %s is kept as the equal ProxyJump %s", c->proxy_command, jump);
    mem_replace(&c->proxy_command, NULL);
    free(c->proxy_jump);
    c->proxy_jump = jump;
}

/* True when the identities are those that ssh tries without being told any. */
static bool are_defaults(struct ssh_config_reader *r, const struct strv *identities)
{
    struct ssh_config plain = { 0 };

    if (!r->knows_defaults && ask("none", "localhost", NULL, 0, r->buf, NULL) == 0) {
        ssh_config_parse(&plain, r->buf);
        strv_copy(&r->defaults, &plain.identities);
        ssh_config_clear(&plain);
    }
    r->knows_defaults = true;
    return strv_equal(&r->defaults, identities);
}

static void settle(struct ssh_config_reader *r, struct ssh_config *c, const char *name)
{
    if (are_defaults(r, &c->identities))
        strv_clear(&c->identities);
    settle_proxy(c);
    keep_files(c, &c->identities, "IdentityFile", name);
    keep_files(c, &c->certificates, "CertificateFile", name);
    find_known_hosts(c, name);
    settle_agent(c, name);
}

/* ---- from outside --------------------------------------------------------------- */

struct ssh_config_reader *ssh_config_reader_new(void)
{
    struct ssh_config_reader *r = mem_alloc(sizeof *r);

    r->buf = mem_alloc(OUTPUT_MAX);
    r->config = ssh_path_config();
    return r;
}

void ssh_config_reader_free(struct ssh_config_reader *r)
{
    if (r == NULL)
        return;
    strv_clear(&r->defaults);
    free(r->config);
    free(r->buf);
    free(r);
}

int ssh_config_resolve(struct ssh_config_reader *r, const char *host, const char *user, int64_t port,
                       struct ssh_config *c, struct err *e)
{
    *c = (struct ssh_config){ 0 };
    int rc = ask(r->config, host, user, port, r->buf, e);

    if (rc != 0)
        return rc;
    ssh_config_parse(c, r->buf);
    if (c->hostname == NULL || c->user == NULL || c->port == 0) {
        ssh_config_clear(c);
        return err_set(e, ERR_FAILED, LAYER, "its output lacks hostname, user or port");
    }
    settle(r, c, host);
    return 0;
}
