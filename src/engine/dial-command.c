#include "engine/dial-command.h"

#include "base/mem.h"
#include "base/quote.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

char *dial_command_text(const struct profile *p, const char *socket)
{
    const char *name = socket != NULL ? strrchr(socket, '/') : NULL;

    if (p->dial_command != NULL && *p->dial_command != '\0')
        return mem_strdup(p->dial_command);
    if (socket == NULL || strcmp(socket, PROFILE_DEFAULT_SOCKET) == 0)
        return mem_strdup("docker system dial-stdio");
    /* Where Podman listens there need not be a docker. */
    bool podman = name != NULL && strcmp(name, "/podman.sock") == 0;
    char *quoted = quote_sh(socket);
    char *command = mem_printf(podman ? "podman --remote --url unix://%s system dial-stdio"
                                      : "docker -H unix://%s system dial-stdio",
                               quoted);
    free(quoted);
    return command;
}
