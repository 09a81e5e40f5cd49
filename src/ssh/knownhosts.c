#include "ssh/knownhosts.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "ssh/hostkey-internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define KNOWN_HOSTS_MAX (16 * 1024 * 1024)

char *knownhosts_name(const char *host, int64_t port)
{
    /* OpenSSH writes the standard port without brackets. */
    return port == 22 ? mem_strdup(host) : mem_printf("[%s]:%" PRId64, host, port);
}

/* libssh parses the names, hashed or not, and the key. */
enum knownhosts_line knownhosts_line(const char *name, const char *line, struct hostkey *key)
{
    struct ssh_knownhosts_entry *entry = NULL;

    int rc = ssh_known_hosts_parse_line(name, line, &entry);
    if (rc != SSH_OK || entry == NULL)
        return rc == SSH_AGAIN ? KNOWNHOSTS_OTHER : KNOWNHOSTS_BROKEN;
    rc = hostkey_describe(entry->publickey, key);
    ssh_knownhosts_entry_free(entry);
    return rc == 0 ? KNOWNHOSTS_TAKEN : KNOWNHOSTS_BROKEN;
}

/* A line that cannot be read is passed over, as OpenSSH does. */
static void take(const char *name, const char *line, struct hostkeys *keys)
{
    struct hostkey key;

    if (knownhosts_line(name, line, &key) == KNOWNHOSTS_TAKEN)
        hostkeys_add(keys, &key);
}

static char *skip_blanks(char *s)
{
    return s + strspn(s, " \t");
}

/* Tabs separate fields for OpenSSH too; libssh knows blanks alone. */
static void normalise(char *line)
{
    for (; *line != '\0'; line++)
        if (*line == '\t' || *line == '\r')
            *line = ' ';
}

static void read_line(const char *host, char *line, struct hostkeys *keys, struct hostkeys *revoked)
{
    normalise(line);
    line = skip_blanks(line);
    if (*line == '#' || *line == '\0')
        return;
    if (*line != '@') {
        take(host, line, keys);
        return;
    }
    if (strncmp(line, "@revoked ", 9) == 0)
        take(host, skip_blanks(line + 9), revoked);
}

static bool contains(const struct hostkeys *keys, const struct hostkey *key)
{
    for (size_t i = 0; i < keys->count; i++)
        if (pin_equal(&keys->items[i].pin, &key->pin))
            return true;
    return false;
}

struct reading {
    char *name;
    struct hostkeys found, revoked;
};

/* Returns like file_read(). */
static int read_file(struct reading *r, const char *path, struct err *e)
{
    char *text, *save = NULL;
    size_t len;

    int rc = file_read(path, FILE_ANY, KNOWN_HOSTS_MAX, &text, &len, e);
    if (rc != 0)
        return rc;
    for (char *line = strtok_r(text, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save))
        read_line(r->name, line, &r->found, &r->revoked);
    free(text);
    return 0;
}

static void finish(struct reading *r, struct hostkeys *keys)
{
    for (size_t i = 0; i < r->found.count; i++)
        if (!contains(&r->revoked, &r->found.items[i]))
            hostkeys_add(keys, &r->found.items[i]);
    hostkeys_clear(&r->found);
    hostkeys_clear(&r->revoked);
}

int knownhosts_read(const char *path, const char *host, int64_t port, struct hostkeys *keys, struct err *e)
{
    struct reading r = { .name = knownhosts_name(host, port) };
    int rc = read_file(&r, path, e);

    if (rc > 0)
        rc = err_set(e, ERR_FAILED, "known_hosts", "there is no file %s", path);
    bool any = r.found.count > 0;
    finish(&r, keys);
    if (rc == 0 && keys->count == 0) {
        err_set(e, ERR_HOSTKEY, "known_hosts", "%s has no %skey for %s", path, any ? "unrevoked " : "",
                r.name);
        rc = err_hint(e, "give the pin itself: --pin 'TYPE SHA256:...'");
    }
    free(r.name);
    return rc;
}

void knownhosts_collect(const struct strv *paths, const char *host, int64_t port, struct hostkeys *keys)
{
    struct reading r = { .name = knownhosts_name(host, port) };

    for (size_t i = 0; i < paths->count; i++)
        (void)read_file(&r, paths->items[i], NULL);
    finish(&r, keys);
    free(r.name);
}
