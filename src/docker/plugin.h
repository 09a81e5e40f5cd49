/* plugin: the protocol between Docker's CLI and a plugin: its metadata, the options before
 * its name on the command line, and the request of a hook. */
#ifndef DOCKTETHER_DOCKER_PLUGIN_H
#define DOCKTETHER_DOCKER_PLUGIN_H

#include "base/err.h"
#include "base/progname.h"

#include <jansson.h>
#include <stdbool.h>

#define PLUGIN_METADATA "docker-cli-plugin-metadata"
#define PLUGIN_HOOKS "docker-cli-plugin-hooks"

/* Set by the CLI for its plugins: how it was called itself, and a socket whose
 * end asks the plugin to end. */
#define PLUGIN_CLI_VARIABLE "DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND"
#define PLUGIN_SOCKET_VARIABLE "DOCKER_CLI_PLUGIN_SOCKET"

/* The options of `docker` itself; strings point into argv, NULL where they are
 * not given. Those that mean nothing to us (--debug, --log-level, --tls...) are
 * read and forgotten. */
struct plugin_globals {
    const char *config;
    const char *context;
    const char *host;
    bool help;
    bool version;
};

/* Reads argv from *at up to the first word that is no option, which *at is
 * afterwards (argc when there is none). ERR_USAGE for an option that `docker`
 * does not have. */
int plugin_globals(struct plugin_globals *g, int argc, char *const *argv, int *at, struct err *e);

/* The same for this process: DOCKER_CONFIG (made absolute), DOCKER_CONTEXT,
 * DOCKER_HOST; of the last two one unsets the other, as it does for Docker. */
int plugin_apply(const struct plugin_globals *g, struct err *e);

/* The answer to docker-cli-plugin-metadata. */
json_t *plugin_metadata(void);

/* Ends this process, also after an exec, with SIGTERM when the CLI closes its socket. Without a
 * terminal the CLI passes signals on in this way. Does nothing without the socket, or on a
 * system that cannot. */
void plugin_follow(void);

/* The error of the command that a hook is called for, allocated. NULL when it
 * succeeded or the request cannot be read. */
char *plugin_hook_error(const char *request);

/* The answer to a hook: text, of which at most ten lines are shown, not taken for a template. */
json_t *plugin_hook_answer(const char *text);

#endif
