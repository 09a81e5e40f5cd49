#include "cli/exec-url.h"

#include "base/mem.h"
#include "cli/bring-up.h"
#include "cli/child.h"
#include "cli/profile-args.h"
#include "docker/environment.h"
#include "store/endpoint.h"
#include "store/identity-value.h"
#include "store/profile.h"
#include "store/runtime.h"
#include "tether/launch.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const options[] = { "pin", "pin-from", "identity", "identity-fd", "certificate", "set" };

const char *exec_url_option(const struct args *a)
{
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if (args_has(a, options[i]))
            return options[i];
    return NULL;
}

/* ---- the profile ------------------------------------------------------- */

static int check_descriptor(const char *given, int *fd, struct err *e)
{
    size_t digits = strspn(given, "0123456789");

    *fd = digits > 0 && digits < 6 && given[digits] == '\0' ? (int)strtol(given, NULL, 10) : -1;
    if (*fd <= STDERR_FILENO)
        return err_set(e, ERR_USAGE, "", "--identity-fd: \"%s\" is not a descriptor number of 3 or more",
                       given);
    /* No command inherits it. */
    if (fcntl(*fd, F_SETFD, FD_CLOEXEC) == 0)
        return 0;
    err_set(e, ERR_USAGE, "", "--identity-fd: descriptor %d is not open", *fd);
    return err_hint(e, "let the shell open it: docktether exec ... --identity-fd %d ... %d<FILE", *fd, *fd);
}

static int add_descriptors(struct profile *p, const struct args *a, struct err *e)
{
    const char *given;
    size_t at = 0;
    int fd;

    while ((given = args_next(a, "identity-fd", &at)) != NULL) {
        if (check_descriptor(given, &fd, e) != 0)
            return -1;
        char *identity = identity_of_fd(fd);
        strv_add(&p->identities, identity);
        free(identity);
    }
    return 0;
}

static int check(const struct profile *p, struct err *e)
{
    if (p->via != NULL) {
        err_set(e, ERR_USAGE, "", "--url connects directly and cannot use via = %s", p->via);
        return err_hint(
            e, "create a profile instead: docktether create NAME URL --via %s, then: docktether exec NAME",
            p->via);
    }
    if (!profile_has_docker(p))
        return err_set(e, ERR_USAGE, "", "with socket = none there is no Docker socket for the command");
    return bring_up_check_pins(p, e);
}

/* Errors name the host, because there is no profile name. */
static char *host_of(const char *url, struct err *e)
{
    struct endpoint ep = { 0 };

    if (endpoint_parse(url, &ep, e) != 0)
        return NULL;
    char *host = mem_strdup(ep.host);
    endpoint_clear(&ep);
    return host;
}

static struct profile *make_profile(const struct args *a, const char *host, struct err *e)
{
    struct profile *p = profile_new_ephemeral(host);

    if (profile_args_apply(p, args_value(a, "url"), a, e) == 0 && add_descriptors(p, a, e) == 0 &&
        profile_finish(p, e) == 0 && check(p, e) == 0)
        return p;
    profile_free(p);
    return NULL;
}

/* ---- the tether and the command ------------------------------------------ */

static int run_beside(const struct runtime *rt, const struct args *a, char *const *argv, int *status,
                      struct err *e)
{
    char *url = mem_printf("unix://%s", rt->sock);
    int rc = environment_set(url, e);

    free(url);
    return rc == 0 ? child_run(argv, a->sigpipe_ignored, status, e) : -1;
}

int exec_url_exec(const struct args *a, char *const *argv, char **name, struct err *e)
{
    struct runtime rt = { 0 };
    int lifeline, status = 0, rc = -1;

    *name = host_of(args_value(a, "url"), e);
    struct profile *p = *name != NULL ? make_profile(a, *name, e) : NULL;
    if (p != NULL)
        rc = bring_up_bound(p, &rt, &lifeline, e);
    if (rc == 0) {
        child_hold_signals();
        rc = run_beside(&rt, a, argv, &status, e);
        launch_release(&rt, lifeline);
    }
    runtime_clear(&rt);
    profile_free(p);
    return rc == 0 ? child_end_like(status) : -1;
}
