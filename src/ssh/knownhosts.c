#include "ssh/knownhosts.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "ssh/internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define KNOWN_HOSTS_MAX (16 * 1024 * 1024)

/* The key of one line (without marker) when it is for the host. libssh parses
 * the names, hashed or not, and the key. */
static void take(const char *host, const char *line, struct hostkeys *keys)
{
    struct ssh_knownhosts_entry *entry = NULL;
    struct hostkey key;

    if (ssh_known_hosts_parse_line(host, line, &entry) != SSH_OK || entry == NULL)
        return;
    if (hostkey_describe(entry->publickey, &key) == 0)
        hostkeys_add(keys, &key);
    ssh_knownhosts_entry_free(entry);
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

int knownhosts_read(const char *path, const char *host, int64_t port, struct hostkeys *keys, struct err *e)
{
    struct hostkeys found = { 0 }, revoked = { 0 };
    char *text, *save = NULL;
    size_t len;

    int rc = file_read(path, FILE_ANY, KNOWN_HOSTS_MAX, &text, &len, e);
    if (rc == 1)
        return err_set(e, ERR_FAILED, "known_hosts", "there is no file %s", path);
    if (rc != 0)
        return -1;
    /* OpenSSH writes the standard port without brackets. */
    char *name = port == 22 ? mem_strdup(host) : mem_printf("[%s]:%" PRId64, host, port);
    for (char *line = strtok_r(text, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save))
        read_line(name, line, &found, &revoked);
    for (size_t i = 0; i < found.count; i++)
        if (!contains(&revoked, &found.items[i]))
            hostkeys_add(keys, &found.items[i]);
    if (keys->count == 0) {
        err_set(e, ERR_HOSTKEY, "known_hosts", "%s has no %skey for %s", path,
                found.count > 0 ? "unrevoked " : "", name);
        err_hint(e, "give the pin itself: --pin 'TYPE SHA256:...'");
        rc = -1;
    }
    hostkeys_clear(&found);
    hostkeys_clear(&revoked);
    free(name);
    free(text);
    return rc;
}
