#include "cli/profile-args.h"

#include "base/mem.h"
#include "base/path.h"
#include "base/suggest.h"
#include "cli/pin-source.h"
#include "store/endpoint.h"
#include "store/option.h"
#include "store/pin.h"
#include "store/store.h"
#include "store/via-chain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const editing[] = { "via",      "identity",    "certificate", "pin",
                                       "pin-from", "description", "protected",   "set" };

bool profile_args_given(const char *url, const struct args *a)
{
    for (size_t i = 0; i < sizeof editing / sizeof *editing; i++)
        if (args_has(a, editing[i]))
            return true;
    return url != NULL;
}

/* A profile with the same name and only default values. */
static struct profile *base_of(const struct profile *p, struct err *e)
{
    return profile_is_ephemeral(p) ? profile_new(p->name) : store_new_profile(p->name, e);
}

static int set(struct profile *p, const char *section, const char *key, const char *value, struct err *e)
{
    return option_set(p, option_find(section, key), value, e);
}

/* ---- the URL ---------------------------------------------------------- */

/* value NULL: resets the key to the value of a new profile. */
static int set_or_default(struct profile *p, const struct profile *base, const char *key, const char *value,
                          struct err *e)
{
    const struct option *o = option_find("ssh", key);

    if (value != NULL)
        return option_set(p, o, value, e);
    option_copy(p, base, o);
    return 0;
}

static int set_endpoint(struct profile *p, const struct endpoint *ep, const struct profile *base,
                        struct err *e)
{
    char port[8];

    snprintf(port, sizeof port, "%u", (unsigned)ep->port);
    if (set(p, "ssh", "host", ep->host, e) != 0 ||
        set_or_default(p, base, "port", ep->port != 0 ? port : NULL, e) != 0 ||
        set_or_default(p, base, "user", ep->user, e) != 0)
        return -1;
    return ep->path != NULL ? set(p, "docker", "socket", ep->path, e) : 0;
}

static int apply_url(struct profile *p, const char *url, struct err *e)
{
    struct endpoint ep = { 0 };
    int rc = -1;

    if (url == NULL)
        return 0;
    if (endpoint_parse(url, &ep, e) != 0)
        return -1;
    struct profile *base = base_of(p, e);
    if (base != NULL)
        rc = set_endpoint(p, &ep, base, e);
    profile_free(base);
    endpoint_clear(&ep);
    return rc;
}

/* ---- identities ------------------------------------------------------- */

/* The path for the profile: absolute, or with ~/ as it was typed. */
static char *file_path(const char *key, const char *given, struct err *e)
{
    if (given[0] == '/' || strncmp(given, "~/", 2) == 0)
        return mem_strdup(given);
    while (strncmp(given, "./", 2) == 0)
        given += 2;
    char *cwd = getcwd(NULL, 0);
    if (cwd == NULL) {
        err_set_errno(e, ERR_FAILED, key, "%s is a relative path, and the working directory cannot be read",
                      given);
        return NULL;
    }
    char *path = mem_printf("%s/%s", strcmp(cwd, "/") == 0 ? "" : cwd, given);
    free(cwd);
    return path;
}

/* A private key that is in no file. */
static int hint_at_descriptor(const struct profile *p, const char *key, struct err *e)
{
    if (strcmp(key, "identity") != 0)
        return -1;
    if (profile_is_ephemeral(p))
        return err_hint(e, "--identity-fd N reads a key from an open descriptor: --identity-fd 3 ... 3<FILE");
    return err_hint(e,
                    "a profile holds the path of a key; docktether exec --url reads one from a descriptor");
}

static int check_file(const struct profile *p, const char *key, const char *path, struct err *e)
{
    struct stat st;
    char *full = path_expand(path, e);

    if (full == NULL)
        return -1;
    int missing = stat(full, &st);
    /* The public half names a key that the agent has: ssh-keygen would overwrite it. */
    char *half = strcmp(key, "identity") == 0 ? mem_printf("%s.pub", full) : NULL;
    if (missing && half != NULL && stat(half, &st) == 0)
        missing = 0;
    free(half);
    if (missing) {
        err_set_errno(e, errno == ENOENT ? ERR_AUTH : ERR_FAILED, key, "cannot use %s", full);
        if (strcmp(key, "identity") == 0)
            err_hint_file(e, "give the path of a private key, or create one: ssh-keygen -t ed25519 -f", full,
                          "");
        else
            err_hint(e, "give the path of a certificate, FILE-cert.pub; ssh-keygen -s creates it");
    } else if (!S_ISREG(st.st_mode)) {
        missing = err_set(e, ERR_FAILED, key, "%s is not a regular file", full);
        hint_at_descriptor(p, key, e);
    }
    free(full);
    return missing;
}

/* The option and the key of section ssh have one name. */
static int apply_files(struct profile *p, const char *key, const struct args *a, struct err *e)
{
    const char *given;
    size_t at = 0;

    if (args_has(a, key) && set(p, "ssh", key, "", e) != 0)
        return -1;
    while ((given = args_next(a, key, &at)) != NULL) {
        if (*given == '\0')
            return err_set(e, ERR_USAGE, "", "--%s needs the path of a file", key);
        if (strcmp(given, "-") == 0) {
            err_set(e, ERR_USAGE, key, "--%s takes the path of a file, not standard input", key);
            return hint_at_descriptor(p, key, e);
        }
        char *path = file_path(key, given, e);
        int rc = path == NULL || check_file(p, key, path, e) != 0 ? -1 : set(p, "ssh", key, path, e);
        free(path);
        if (rc != 0)
            return -1;
    }
    return 0;
}

/* ---- pins ------------------------------------------------------------- */

static int apply_pins(struct profile *p, const struct args *a, struct err *e)
{
    const char *given;
    size_t at = 0;

    if (args_has(a, "pin") || args_has(a, "pin-from"))
        pins_clear(&p->pins);
    while ((given = args_next(a, "pin", &at)) != NULL) {
        struct pin pin;
        if (pin_parse(given, &pin, e) != 0)
            return -1;
        pins_add(&p->pins, &pin);
    }
    for (at = 0; (given = args_next(a, "pin-from", &at)) != NULL;)
        if (pin_source_add(p, given, e) != 0)
            return -1;
    return 0;
}

/* ---- --set ------------------------------------------------------------ */

static int unknown_key(const char *key, struct err *e)
{
    size_t count;
    const struct option *table = option_table(&count);

    err_set(e, ERR_USAGE, "", "unknown key \"%s\"", key);
    for (size_t i = 0; i < count; i++)
        if (suggest_likely(key, table[i].key))
            return err_hint(e, "did you mean %s.%s?", table[i].section, table[i].key);
    return err_hint(e, "docktether(5) describes the keys; docktether inspect NAME lists them");
}

/* Resets the key to the default in docktether.ini or in the program. */
static int reset_key(struct profile *p, const struct option *o, struct err *e)
{
    struct profile *base = base_of(p, e);

    if (base == NULL)
        return -1;
    option_copy(p, base, o);
    profile_free(base);
    return 0;
}

/* Otherwise one of the two values would be lost silently. Pins are applied last, so that the
 * outcome is defined. */
static int check_once(const struct option *o, const struct args *a, struct err *e)
{
    if (o->type == OPTION_PINS || !args_has(a, o->key))
        return 0;
    return err_set(e, ERR_USAGE, "", "%s is given twice: --%s and --set %s", o->key, o->key, o->key);
}

static int apply_set(struct profile *p, const char *assignment, const struct args *a, struct err *e)
{
    const char *equals = strchr(assignment, '=');

    if (equals == NULL || equals == assignment)
        return err_set(e, ERR_USAGE, "", "--set needs KEY=VALUE, not \"%s\"", assignment);
    char *key = mem_printf("%.*s", (int)(equals - assignment), assignment);
    const struct option *o = option_find(NULL, key);
    int rc;
    if (o == NULL)
        rc = unknown_key(key, e);
    else if (check_once(o, a, e) != 0)
        rc = -1;
    else if (equals[1] == '\0' && o->fallback != NULL)
        rc = reset_key(p, o, e);
    else
        rc = option_set(p, o, equals + 1, e);
    free(key);
    return rc;
}

static int apply_sets(struct profile *p, const struct args *a, struct err *e)
{
    const char *given;
    size_t at = 0;

    while ((given = args_next(a, "set", &at)) != NULL)
        if (apply_set(p, given, a, e) != 0)
            return -1;
    return 0;
}

/* ---- all of it -------------------------------------------------------- */

int profile_args_apply(struct profile *p, const char *url, const struct args *a, struct err *e)
{
    const char *description = args_value(a, "description");
    const char *via = args_value(a, "via");

    if (apply_url(p, url, e) != 0 || apply_files(p, "identity", a, e) != 0 ||
        apply_files(p, "certificate", a, e) != 0)
        return -1;
    if (description != NULL && set(p, "profile", "description", description, e) != 0)
        return -1;
    if (via != NULL && set(p, "ssh", "via", via, e) != 0)
        return -1;
    if (args_has(a, "protected"))
        p->protect = true;
    /* known_hosts is asked for the host and port that --set may still change. */
    if (apply_sets(p, a, e) != 0)
        return -1;
    return apply_pins(p, a, e);
}
