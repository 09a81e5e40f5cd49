#include "cli/bring-up.h"
#include "cli/cmd.h"
#include "store/runtime.h"
#include "store/store.h"
#include "tether/launch.h"
#include "tether/service.h"
#include "ui/term.h"

#include <stdlib.h>
#include <string.h>

static int run(const char *name, const struct launch_options *options, const struct service *service,
               struct err *e)
{
    struct profile *p = store_load(name, e);

    if (p == NULL && service->managed && strchr(name, '/') != NULL)
        err_hint(e, "unit instances are escaped as by systemd-escape: - is \\x2d, + is \\x2b");
    if (p == NULL)
        return -1;
    int rc = bring_up_check_pins(p, e);
    if (rc == 0)
        rc = launch_foreground(p, options, service, e);
    profile_free(p);
    return rc;
}

int cmd_run(const struct args *args, struct err *e)
{
    const char *name = args->operands[0];
    const struct launch_options options = {
        .ask = term_passphrase,
        .level = args_has(args, "verbose") ? LOG_DEBUG : LOG_INFO,
    };
    struct service service;
    char *path = runtime_socket_path(name, e);

    if (path == NULL)
        return -1;
    int rc = service_take(&service, path, e);
    free(path);
    if (rc == 0)
        rc = run(name, &options, &service, e);
    if (rc != 0)
        launch_turn_away(name, &service, e);
    service_clear(&service);
    return rc;
}
