#include "store/endpoint.h"

#include "base/mem.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define HOST_MAX 253
#define USER_MAX 64
#define PATH_MAX_REMOTE 107

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"
#define HOST_CHARS LETTERS DIGITS "._-"

/* A host with a colon must be an IPv6 address; otherwise "host:2222" would pass for a name
 * and fail at the resolver. */
static bool ipv6_ok(const char *host)
{
    char address[INET6_ADDRSTRLEN];
    struct in6_addr addr;
    size_t len = strcspn(host, "%");

    if (len >= sizeof address)
        return false;
    memcpy(address, host, len);
    address[len] = '\0';
    if (host[len] == '%') {
        const char *zone = host + len + 1;
        if (*zone == '\0' || zone[strspn(zone, HOST_CHARS)] != '\0')
            return false;
    }
    return inet_pton(AF_INET6, address, &addr) == 1;
}

bool endpoint_host_ok(const char *host)
{
    size_t len = strlen(host);

    if (len == 0 || len > HOST_MAX || host[0] == '-' || strspn(host, ".") == len)
        return false;
    return strchr(host, ':') != NULL ? ipv6_ok(host) : host[strspn(host, HOST_CHARS)] == '\0';
}

/* The characters that neither ssh nor libssh takes, because a name may end up in a command,
 * and the colon, which a password would follow. Directory services have names such as
 * DOMAIN\USER and USER@DOMAIN, names with blanks, and names that end in "$". */
#define NO_USER_CHARS ":'\"`;&<>|(){}"

const char *endpoint_user_flaw(const char *user, char flaw[ENDPOINT_FLAW_SIZE])
{
    size_t len = strlen(user);
    const char *bad = strpbrk(user, NO_USER_CHARS);

    if (len == 0)
        return "is empty";
    if (len > USER_MAX)
        snprintf(flaw, ENDPOINT_FLAW_SIZE, "is longer than %d bytes", USER_MAX);
    else if (!err_printable(user))
        return "holds a control character, or is not UTF-8";
    else if (bad != NULL)
        snprintf(flaw, ENDPOINT_FLAW_SIZE, "holds the character %c, which no user name may hold", *bad);
    else if (user[0] == '-' || strstr(user, " -") != NULL)
        return "has a \"-\" where an option would begin";
    else if (user[0] == ' ' || user[len - 1] == ' ')
        return "begins or ends with a blank";
    else if (user[len - 1] == '\\')
        return "ends with a backslash";
    else
        return NULL;
    return flaw;
}

bool endpoint_user_ok(const char *user)
{
    char flaw[ENDPOINT_FLAW_SIZE];

    return endpoint_user_flaw(user, flaw) == NULL;
}

bool endpoint_path_ok(const char *path)
{
    return path[0] == '/' && strlen(path) <= PATH_MAX_REMOTE && err_printable(path);
}

/* Undoes %XX. NULL for a broken escape or a NUL byte. */
static char *decode(const char *s, size_t len)
{
    char *out = mem_alloc(len + 1), *to = out;

    for (size_t i = 0; i < len; i++) {
        if (s[i] != '%') {
            *to++ = s[i];
            continue;
        }
        char hex[3] = { 0 };
        if (len - i > 2) {
            hex[0] = s[i + 1];
            hex[1] = s[i + 2];
        }
        if (!isxdigit((unsigned char)hex[0]) || !isxdigit((unsigned char)hex[1]) || strcmp(hex, "00") == 0) {
            free(out);
            return NULL;
        }
        *to++ = (char)strtoul(hex, NULL, 16);
        i += 2;
    }
    return out;
}

static char *copy_range(const char *s, size_t len)
{
    char *copy = mem_alloc(len + 1);

    memcpy(copy, s, len);
    return copy;
}

/* Messages never quote parts of the URL: a misplaced "/" could put a password into any of
 * them. */
static int refuse(struct err *e, const char *why)
{
    err_set(e, ERR_USAGE, "", "the URL %s", why);
    return err_hint(
        e,
        "expected ssh://[USER@]HOST[:PORT][/PATH/OF/docker.sock], for example ssh://deploy@prod.example.com");
}

static int parse_user(const char *s, size_t len, struct endpoint *ep, struct err *e)
{
    if (memchr(s, ':', len) != NULL) {
        err_set(e, ERR_USAGE, "", "the URL holds a password, and docktether logs in by key alone");
        return err_hint(e, "leave it out, and remove it from the history of the shell");
    }
    char flaw[ENDPOINT_FLAW_SIZE], why[ENDPOINT_FLAW_SIZE + 40];

    if (memchr(s, ' ', len) != NULL)
        return refuse(e, "has a blank in its user name, which reads %20 in a URL");
    ep->user = decode(s, len);
    if (ep->user == NULL)
        return refuse(e, "has a user name with a % that is not followed by two hexadecimal digits");
    const char *found = endpoint_user_flaw(ep->user, flaw);
    if (found == NULL)
        return 0;
    snprintf(why, sizeof why, "has a user name that %s", found);
    return refuse(e, why);
}

static int parse_port(const char *s, size_t len, struct endpoint *ep, struct err *e)
{
    unsigned long port = 0;

    for (size_t i = 0; i < len && port <= UINT16_MAX; i++) {
        if (s[i] < '0' || s[i] > '9')
            return refuse(e, "has a port that is not a number from 1 to 65535");
        port = port * 10 + (unsigned long)(s[i] - '0');
    }
    if (port == 0 || port > UINT16_MAX)
        return refuse(e, "has a port that is not a number from 1 to 65535");
    ep->port = (uint16_t)port;
    return 0;
}

/* HOST, [IPv6] or [IPv6%25zone] ("%zone" too), with a port or without. */
static int parse_host(const char *s, size_t len, struct endpoint *ep, struct err *e)
{
    bool bracketed = len > 0 && s[0] == '[';
    const char *end = bracketed ? memchr(s, ']', len) : memchr(s, ':', len);

    if (bracketed && end == NULL)
        return refuse(e, "has a \"[\" without its \"]\"");
    if (bracketed) {
        ep->host = copy_range(s + 1, (size_t)(end - s) - 1);
        char *zone = strstr(ep->host, "%25");
        if (zone != NULL)
            memmove(zone + 1, zone + 3, strlen(zone + 3) + 1);
        end++;
    } else {
        if (end == NULL)
            end = s + len;
        ep->host = copy_range(s, (size_t)(end - s));
    }
    size_t rest = len - (size_t)(end - s);
    if (ep->host[0] == '\0')
        return refuse(e, "has no host");
    if (!endpoint_host_ok(ep->host) || bracketed != (strchr(ep->host, ':') != NULL))
        return refuse(e, "has a host that is neither a name nor an address");
    if (rest == 0)
        return 0;
    if (end[0] != ':')
        return refuse(e, "has something between host and port");
    if (!bracketed && memchr(end + 1, ':', rest - 1) != NULL)
        return refuse(e, "has more than one port; an IPv6 address needs brackets: [::1]");
    return parse_port(end + 1, rest - 1, ep, e);
}

static int parse(const char *url, struct endpoint *ep, struct err *e)
{
    static const char scheme[] = "ssh://";

    if (strncasecmp(url, scheme, strlen(scheme)) != 0)
        return refuse(e, "does not begin with ssh://");
    const char *authority = url + strlen(scheme);
    size_t len = strcspn(authority, "/?#");
    const char *path = authority + len;
    const char *at = memrchr(authority, '@', len);
    const char *host = at != NULL ? at + 1 : authority;

    if (at != NULL && parse_user(authority, (size_t)(at - authority), ep, e) != 0)
        return -1;
    if (strpbrk(path, "?#") != NULL)
        return refuse(e, "has a query or a fragment");
    if (parse_host(host, len - (size_t)(host - authority), ep, e) != 0)
        return -1;
    if (path[0] == '\0' || strcmp(path, "/") == 0)
        return 0;
    ep->path = decode(path, strlen(path));
    if (ep->path == NULL || !endpoint_path_ok(ep->path))
        return refuse(e, "has a path that cannot be that of a socket (at most 107 bytes)");
    return 0;
}

int endpoint_parse(const char *url, struct endpoint *ep, struct err *e)
{
    memset(ep, 0, sizeof *ep);
    if (parse(url, ep, e) == 0)
        return 0;
    endpoint_clear(ep);
    return -1;
}

void endpoint_clear(struct endpoint *ep)
{
    free(ep->user);
    free(ep->host);
    free(ep->path);
    memset(ep, 0, sizeof *ep);
}

/* Characters with a meaning in URLs become %XX, so that endpoint_parse() reads the same
 * value back. */
static char *encode(const char *s)
{
    char *out = mem_alloc(3 * strlen(s) + 1), *to = out;

    for (; *s != '\0'; s++) {
        if (strchr(LETTERS DIGITS "-._~!$&'()*+,;=", *s) != NULL)
            *to++ = *s;
        else
            to += sprintf(to, "%%%02X", (unsigned char)*s);
    }
    return out;
}

char *endpoint_format(const char *user, const char *host, uint16_t port)
{
    char *shown_user = user != NULL && *user != '\0' ? encode(user) : NULL;
    const char *zone = strchr(host, '%');
    bool brackets = strchr(host, ':') != NULL;
    char shown_port[8] = "";

    if (port != 0 && port != 22)
        snprintf(shown_port, sizeof shown_port, ":%u", (unsigned)port);
    char *url = mem_printf("ssh://%s%s%s%.*s%s%s%s%s", shown_user ? shown_user : "", shown_user ? "@" : "",
                           brackets ? "[" : "", (int)strcspn(host, "%"), host, zone ? "%25" : "",
                           zone ? zone + 1 : "", brackets ? "]" : "", shown_port);
    free(shown_user);
    return url;
}
