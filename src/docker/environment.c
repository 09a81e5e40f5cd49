#include "docker/environment.h"

#include "docker/plugin.h"

#include <stddef.h>
#include <stdlib.h>

static const char *const cleared[] = {
    "DOCKER_CONTEXT", "DOCKER_TLS", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", NULL,
};

const char *const *environment_cleared(void)
{
    return cleared;
}

int environment_set(const char *url, struct err *e)
{
    /* Our children are not plugins of the CLI that has started us. */
    static const char *const plugins[] = { PLUGIN_CLI_VARIABLE, PLUGIN_SOCKET_VARIABLE };
    int rc = setenv("DOCKER_HOST", url, 1);

    for (size_t i = 0; cleared[i] != NULL && rc == 0; i++)
        rc = unsetenv(cleared[i]);
    for (size_t i = 0; i < sizeof plugins / sizeof *plugins && rc == 0; i++)
        rc = unsetenv(plugins[i]);
    return rc == 0 ? 0 : err_set_errno(e, ERR_FAILED, "", "cannot set the environment");
}
