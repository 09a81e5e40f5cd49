#include "ssh/knownhosts-match.h"

#include "base/mem.h"
#include "ssh/pubkey.h"

#include <ctype.h>
#include <inttypes.h>
#include <netdb.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define PATTERN_MAX 1023 /* OpenSSH takes no longer one, and then not the line */
#define SHA1_LEN 20

static void lower(char *s)
{
    for (; *s != '\0'; s++)
        *s = (char)tolower((unsigned char)*s);
}

/* As ssh does before it looks a host up: "0:0::1" becomes "::1". */
static char *canonical(const char *host)
{
    const struct addrinfo numeric = { .ai_family = AF_UNSPEC,
                                      .ai_socktype = SOCK_STREAM,
                                      .ai_flags = AI_NUMERICHOST };
    struct addrinfo *list = NULL;
    char text[256];
    char *name = NULL;

    if (getaddrinfo(host, NULL, &numeric, &list) == 0 &&
        getnameinfo(list->ai_addr, list->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST) == 0)
        name = mem_strdup(text);
    if (list != NULL)
        freeaddrinfo(list);
    return name != NULL ? name : mem_strdup(host);
}

char *knownhosts_name(const char *host, int64_t port)
{
    char *name = canonical(host);

    lower(name);
    if (port != 22) {
        char *with_port = mem_printf("[%s]:%" PRId64, name, port);
        free(name);
        name = with_port;
    }
    return name;
}

/* Linear in memory, and in time but for several stars; both are bounded by the
 * lengths of a name and of a line. */
static bool match_pattern(const char *name, const char *pattern, size_t len)
{
    const char *const end = pattern + len;
    const char *star = NULL, *retry = NULL;

    while (*name != '\0') {
        if (pattern < end && *pattern == '*') {
            star = ++pattern;
            retry = name;
        } else if (pattern < end && (*pattern == '?' || tolower((unsigned char)*pattern) == *name)) {
            pattern++;
            name++;
        } else if (star != NULL) {
            pattern = star;
            name = ++retry;
        } else {
            return false;
        }
    }
    while (pattern < end && *pattern == '*')
        pattern++;
    return pattern == end;
}

static int match_list(const char *name, const char *names)
{
    bool found = false;

    while (*names != '\0') {
        const bool negated = *names == '!';
        names += negated;
        const size_t len = strcspn(names, ",");
        if (len >= PATTERN_MAX)
            return 0;
        if (match_pattern(name, names, len)) {
            if (negated)
                return 0;
            found = true;
        }
        names += len;
        names += *names == ',';
    }
    return found;
}

/* "|1|SALT|HASH": HMAC-SHA1 of the name with the salt as its key. */
static int match_hashed(const char *name, const char *names)
{
    unsigned char md[EVP_MAX_MD_SIZE];
    unsigned int md_len = 0;
    size_t salt_len = 0;
    int rc = -1;

    const char *bar = strncmp(names, "|1|", 3) == 0 ? strchr(names + 3, '|') : NULL;
    if (bar == NULL)
        return -1;
    char *salt_text = mem_printf("%.*s", (int)(bar - names - 3), names + 3);
    unsigned char *salt = pubkey_bytes(salt_text, &salt_len);
    if (salt != NULL && salt_len == SHA1_LEN &&
        HMAC(EVP_sha1(), salt, SHA1_LEN, (const unsigned char *)name, strlen(name), md, &md_len) != NULL) {
        char *hash = pubkey_base64(md, md_len);
        rc = strcmp(hash, bar + 1) == 0;
        free(hash);
    }
    free(salt);
    free(salt_text);
    return rc;
}

int knownhosts_match(const char *name, const char *names)
{
    return *names == '|' ? match_hashed(name, names) : match_list(name, names);
}
