/* What `import` reads. */
#include "fuzz.h"

#include "import/bundle.h"
#include "import/proxy-command.h"
#include "import/ssh-config.h"
#include "import/ssh-hosts.h"
#include "import/ssh-paths.h"
#include "import/ssh-tokens.h"

#include <stdlib.h>
#include <string.h>

static void bundle(const uint8_t *data, size_t size)
{
    struct err e = ERR_INIT;
    struct proposals list = { 0 };
    char *text = fuzz_text(data, size);

    if (size <= BUNDLE_MAX && bundle_read("fuzz", text, "fuzz", &list, &e) != 0)
        FUZZ_HOLDS(e.msg[0] != '\0' && list.count == 0);
    proposals_clear(&list);
    free(text);
}

static void ssh_hosts(const uint8_t *data, size_t size)
{
    struct strv hosts = { 0 };
    struct ssh_hosts_left left;

    fuzz_put(".ssh/config", data, size);
    (void)ssh_hosts_list(&hosts, &left, NULL);
    strv_clear(&hosts);
}

static void ssh_config(const uint8_t *data, size_t size)
{
    struct ssh_config c = { 0 };
    char *text = fuzz_text(data, size);

    ssh_config_parse(&c, text);
    ssh_config_clear(&c);
    FUZZ_HOLDS(c.hostname == NULL && c.identities.count == 0);
    free(text);
}

static void proxy_command(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size), *jump = proxy_command_jump(text);

    FUZZ_HOLDS(jump == NULL || (*jump != '\0' && strpbrk(jump, " ;|&$`<>%") == NULL));
    free(jump);
    free(text);
}

/* No value of a token is longer than a name of this machine, and none is missing. */
static void ssh_tokens(const uint8_t *data, size_t size)
{
    static const struct ssh_tokens tokens = {
        .name = "n", .host = "h", .user = "r", .hash = "c", .port = 22
    };
    char why[SSH_TOKENS_WHY_SIZE];
    char *text = fuzz_text(data, size), *path = ssh_tokens_expand(text, &tokens, why);

    FUZZ_HOLDS((path == NULL) == (why[0] != '\0'));
    free(path);
    free(text);
}

static void ssh_paths(const uint8_t *data, size_t size)
{
    struct strv paths = { 0 };
    char *text = fuzz_text(data, size);

    if (size <= 1000)
        ssh_paths_split(text, &paths);
    FUZZ_HOLDS(paths.count <= strlen(text));
    strv_clear(&paths);
    free(text);
}

const struct fuzz_target fuzz_import[] = { { "bundle", bundle },
                                           { "ssh-hosts", ssh_hosts },
                                           { "ssh-config", ssh_config },
                                           { "proxy-command", proxy_command },
                                           { "ssh-tokens", ssh_tokens },
                                           { "ssh-paths", ssh_paths },
                                           { 0 } };
