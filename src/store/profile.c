#include "store/profile.h"

#include "store/endpoint.h"
#include "store/option.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME_MAX_BYTES 128
#define ALNUM "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

struct profile *profile_new(const char *name)
{
    struct profile *p = mem_alloc(sizeof *p);
    size_t count;
    const struct option *table = option_table(&count);

    p->name = mem_strdup(name);
    p->change = mem_printf("docktether update %s ", name);
    for (size_t i = 0; i < count; i++)
        option_reset(p, &table[i]);
    return p;
}

struct profile *profile_new_ephemeral(const char *name)
{
    struct profile *p = profile_new(name);

    mem_replace(&p->change, "");
    return p;
}

bool profile_is_ephemeral(const struct profile *p)
{
    return *p->change == '\0';
}

struct profile *profile_copy(const struct profile *p)
{
    struct profile *copy = profile_new(p->name);
    size_t count;
    const struct option *table = option_table(&count);

    mem_replace(&copy->change, p->change);
    for (size_t i = 0; i < count; i++)
        option_copy(copy, p, &table[i]);
    return copy;
}

void profile_free(struct profile *p)
{
    size_t count;
    const struct option *table = option_table(&count);

    if (p == NULL)
        return;
    for (size_t i = 0; i < count; i++)
        option_clear(p, &table[i]);
    free(p->change);
    free(p->name);
    free(p);
}

int profile_check_name(const char *name, struct err *e)
{
    size_t len = strlen(name);

    if (strcmp(name, "default") == 0)
        return err_set(e, ERR_USAGE, "", "\"default\" is Docker's own context and cannot name a profile");
    if (len < 2 || len > NAME_MAX_BYTES || strchr(ALNUM, name[0]) == NULL ||
        name[strspn(name, ALNUM "_.+-")] != '\0') {
        err_set(e, ERR_USAGE, "", "\"%.200s\" cannot name a profile", name);
        return err_hint(e, "it takes 2 to %d letters, digits and _ . + -, the first a letter or digit",
                        NAME_MAX_BYTES);
    }
    return 0;
}

int profile_finish(struct profile *p, struct err *e)
{
    if (p->host == NULL || *p->host == '\0')
        return err_set(e, ERR_PROFILE, "profile", "%s has no host", p->name);
    if (p->user != NULL && *p->user != '\0')
        return 0;

    const struct passwd *pw = getpwuid(geteuid());
    if (pw == NULL || !endpoint_user_ok(pw->pw_name)) {
        err_set(e, ERR_PROFILE, "profile", "%s has no user, and the current user's name cannot be used",
                p->name);
        return err_hint(e, "give it one: %s--set user=NAME", p->change);
    }
    mem_replace(&p->user, pw->pw_name);
    return 0;
}

char *profile_endpoint(const struct profile *p)
{
    return endpoint_format(p->user, p->host != NULL ? p->host : "", (uint16_t)p->port);
}

bool profile_has_docker(const struct profile *p)
{
    return strcmp(p->socket, PROFILE_NO_SOCKET) != 0;
}

bool profile_seeks_socket(const struct profile *p)
{
    return strcmp(p->socket, PROFILE_AUTO_SOCKET) == 0;
}

bool profile_has_context(const struct profile *p)
{
    return p->context && profile_has_docker(p);
}
