#include "ssh/knownhosts.h"

#include "base/file.h"
#include "base/mem.h"
#include "ssh/hostkey-internal.h"
#include "ssh/knownhosts-match.h"

#include <stdlib.h>
#include <string.h>

#define KNOWN_HOSTS_MAX (16 * 1024 * 1024)
#define KEYS_MAX 1000 /* of one host; each is compared with all of them */
#define BLANKS " \t"

/* The names of a host: its own, and the one without a port, which ssh tries when
 * the first has no key. */
#define NAMES 2

struct reading {
    char *names[NAMES]; /* the second may be NULL */
    struct hostkeys found[NAMES], revoked;
    bool authority; /* a certificate authority is named for the host */
};

static void begin(struct reading *r, const char *host, int64_t port)
{
    *r = (struct reading){ .names = { knownhosts_name(host, port) } };
    if (port != 22)
        r->names[1] = knownhosts_name(host, 22);
}

static void clear(struct reading *r)
{
    for (size_t i = 0; i < NAMES; i++) {
        free(r->names[i]);
        hostkeys_clear(&r->found[i]);
    }
    hostkeys_clear(&r->revoked);
}

/* The next field of a line, terminated; *line then is what follows it. */
static char *field(char **line)
{
    char *word = *line + strspn(*line, BLANKS);
    char *end = word + strcspn(word, BLANKS);

    *line = *end != '\0' ? end + 1 : end;
    *end = '\0';
    return word;
}

static bool contains(const struct hostkeys *keys, const struct hostkey *key)
{
    for (size_t i = 0; i < keys->count; i++)
        if (pin_equal(&keys->items[i].pin, &key->pin))
            return true;
    return false;
}

/* A line that cannot be read is passed over, as OpenSSH does. */
static void read_line(struct reading *r, char *line)
{
    struct hostkey key;

    line += strspn(line, BLANKS);
    if (*line == '#' || *line == '\0')
        return;
    const char *marker = *line == '@' ? field(&line) : "";
    const bool revoked = strcmp(marker, "@revoked") == 0;
    const bool authority = strcmp(marker, "@cert-authority") == 0;
    if (*marker != '\0' && !revoked && !authority)
        return;
    const char *names = field(&line);
    for (size_t i = 0; i < NAMES; i++) {
        if (r->names[i] == NULL || knownhosts_match(r->names[i], names) != 1)
            continue;
        r->authority = r->authority || authority;
        if (!authority && hostkey_parse(line, &key) == 0)
            hostkeys_add(revoked ? &r->revoked : &r->found[i], &key);
    }
}

/* Returns like file_read(). */
static int read_file(struct reading *r, const char *path, struct err *e)
{
    char *text, *save = NULL;
    size_t len;

    int rc = file_read(path, FILE_ANY, KNOWN_HOSTS_MAX, &text, &len, e);
    if (rc != 0)
        return rc;
    for (char *line = strtok_r(text, "\n", &save); rc == 0 && line != NULL;
         line = strtok_r(NULL, "\n", &save)) {
        read_line(r, line);
        if (r->found[0].count + r->found[1].count + r->revoked.count > KEYS_MAX)
            rc = err_set(e, ERR_FAILED, "known_hosts", "%s has more than %d keys for %s", path, KEYS_MAX,
                         r->names[0]);
    }
    free(text);
    return rc;
}

/* The keys that may be pinned; true when there was one before the revocations. */
static bool finish(const struct reading *r, struct hostkeys *keys)
{
    const struct hostkeys *found = r->found[0].count > 0 ? &r->found[0] : &r->found[1];

    for (size_t i = 0; i < found->count; i++)
        if (!contains(&r->revoked, &found->items[i]))
            hostkeys_add(keys, &found->items[i]);
    return found->count > 0;
}

static int nothing(const struct reading *r, const char *path, bool revoked, struct err *e)
{
    if (revoked)
        err_set(e, ERR_HOSTKEY, "known_hosts", "%s marks every key for %s as @revoked", path, r->names[0]);
    else if (r->authority)
        err_set(e, ERR_HOSTKEY, "known_hosts",
                "%s has only a certificate authority (@cert-authority) for %s, which cannot be pinned", path,
                r->names[0]);
    else
        err_set(e, ERR_HOSTKEY, "known_hosts", "%s has no key for %s%s%s", path, r->names[0],
                r->names[1] != NULL ? " or " : "", r->names[1] != NULL ? r->names[1] : "");
    return err_hint(e, "give the pin itself: --pin 'TYPE SHA256:...'");
}

int knownhosts_read(const char *path, const char *host, int64_t port, struct hostkeys *keys, struct err *e)
{
    struct reading r;

    begin(&r, host, port);
    int rc = read_file(&r, path, e);
    if (rc > 0)
        rc = err_set(e, ERR_FAILED, "known_hosts", "there is no file %s", path);
    if (rc == 0) {
        const bool any = finish(&r, keys);
        if (keys->count == 0)
            rc = nothing(&r, path, any, e);
    }
    clear(&r);
    return rc;
}

void knownhosts_collect(const struct strv *paths, const char *host, int64_t port, struct hostkeys *keys)
{
    struct reading r;
    int rc = 0;

    begin(&r, host, port);
    for (size_t i = 0; rc >= 0 && i < paths->count; i++)
        rc = read_file(&r, paths->items[i], NULL);
    (void)finish(&r, keys);
    clear(&r);
}
