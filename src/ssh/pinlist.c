#include "ssh/pinlist.h"

#include "base/mem.h"
#include "ssh/hostkey.h"
#include "ssh/knownhosts-match.h"
#include "store/key-type.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define WORDS_MAX 12
#define KEYS_MAX 1000
#define HASH_LEN 32

struct list {
    const char *source;
    const char *host;
    char *name;      /* as known_hosts writes it: host or [host]:port */
    char *bracketed; /* [host]:port in any case */
    int line;
    struct pins found, revoked;
    size_t others;       /* lines for other hosts */
    char other_name[80]; /* the first of them */
    size_t unusable;     /* keys of other types, hashes of other kinds */
};

/* A line and its first words, which point into a copy. */
struct line {
    const char *text;
    char *words[WORDS_MAX];
    size_t count;
};

static int bad(const struct list *l, const char *why, struct err *e)
{
    err_set(e, ERR_USAGE, "", "%s, line %d: %s", l->source, l->line, why);
    return err_hint(e,
                    "a line is of ssh-keyscan, known_hosts, a .pub file, ssh-keygen -l or -r, dig SSHFP, or "
                    "reads \"TYPE SHA256:...\"");
}

static int other_host(struct list *l, const char *name)
{
    if (l->others++ == 0)
        snprintf(l->other_name, sizeof l->other_name, "%s", name[0] == '|' ? "hashed names" : name);
    return 0;
}

/* The keys of one host are never so many; each is compared with all of them. */
static int add(const struct list *l, struct pins *to, const struct pin *pin, struct err *e)
{
    if (to->count == KEYS_MAX && !pins_contain(to, pin))
        return bad(l, "there are too many keys for one host", e);
    pins_add(to, pin);
    return 0;
}

static int add_fingerprint(struct list *l, const char *type, const char *fingerprint, struct err *e)
{
    char text[2 * PIN_TEXT_SIZE];
    struct pin pin;

    snprintf(text, sizeof text, "%s %s", type, fingerprint);
    if (pin_parse(text, &pin, NULL) != 0)
        return bad(l, "the fingerprint is damaged", e);
    return add(l, &l->found, &pin, e);
}

/* ---- whole keys ---------------------------------------------------------- */

static bool is_key_type(const char *word)
{
    return strncmp(word, "ssh-", 4) == 0 || strncmp(word, "ecdsa-sha2-", 11) == 0 ||
           strncmp(word, "sk-", 3) == 0 || strncmp(word, "rsa-sha2-", 9) == 0;
}

static int add_key(struct list *l, struct pins *to, const char *text, struct err *e)
{
    struct hostkey key;

    if (hostkey_parse(text, &key) != 0)
        return bad(l, "the key is damaged", e);
    return add(l, to, &key.pin, e);
}

/* What follows the at-th word. */
static const char *after(const struct line *line, size_t at)
{
    const char *p = line->text;

    for (size_t i = 0; i <= at; i++) {
        p += strspn(p, " ");
        p += strcspn(p, " ");
    }
    return p;
}

/* One line of known_hosts, whose names are its at-th word. A line of another host
 * is counted where its key would be taken. */
static int read_known_host(struct list *l, const struct line *line, size_t at, struct pins *to, struct err *e)
{
    /* OpenSSH writes the port 22 never, others may: "[host]:22" alone is taken too. */
    const bool bracketed = strcasecmp(line->words[at], l->bracketed) == 0;

    switch (bracketed ? 1 : knownhosts_match(l->name, line->words[at])) {
    case 1:
        return add_key(l, to, after(line, at), e);
    case 0:
        return to == &l->found ? other_host(l, line->words[at]) : 0;
    default:
        return bad(l, "the hashed name is damaged", e);
    }
}

static int read_marked(struct list *l, const struct line *line, struct err *e)
{
    if (strcmp(line->words[0], "@cert-authority") == 0) {
        l->unusable++;
        return 0;
    }
    if (strcmp(line->words[0], "@revoked") != 0 || line->count < 4)
        return bad(l, "the marker is unknown or stands alone", e);
    return key_type_can_be_pinned(line->words[2]) ? read_known_host(l, line, 1, &l->revoked, e) : 0;
}

/* ---- fingerprints -------------------------------------------------------- */

/* "256 SHA256:... any comment (ED25519)": the curve of ECDSA is in the bits. */
static int read_keygen(struct list *l, const struct line *line, struct err *e)
{
    const char *kind = strrchr(line->text, '(');

    if (kind == NULL || kind[strlen(kind) - 1] != ')')
        return bad(l, "the kind of key, as \"(ED25519)\", is missing at its end", e);
    if (strncmp(line->words[1], "SHA256:", 7) != 0)
        return bad(l, "the fingerprint is not of SHA256 (ssh-keygen -E sha256)", e);
    const struct key_type *type = key_type_listed(line->words[0], strlen(line->words[0]), kind);
    if (type == NULL) {
        l->unusable++;
        return 0;
    }
    return add_fingerprint(l, type->name, line->words[1], e);
}

static int read_pin(struct list *l, const struct line *line, struct err *e)
{
    struct err why = ERR_INIT;
    struct pin pin;

    if (!key_type_can_be_pinned(line->words[0])) {
        l->unusable++;
        return 0;
    }
    if (line->count > 2 || pin_parse(line->text, &pin, &why) != 0)
        return bad(l, line->count > 2 ? "something stands behind the fingerprint" : why.msg, e);
    return add(l, &l->found, &pin, e);
}

/* ---- SSHFP (RFC 4255, 6594, 7479) ---------------------------------------- */

/* dig cuts the digits into groups. */
static int join_hex(const struct line *line, size_t from, unsigned char out[HASH_LEN])
{
    size_t digits = 0;

    for (size_t w = from; w < line->count; w++) {
        for (const char *c = line->words[w]; *c != '\0'; c++, digits++) {
            if (!isxdigit((unsigned char)*c) || digits == 2 * (size_t)HASH_LEN)
                return -1;
            int value = isdigit((unsigned char)*c) ? *c - '0' : (*c | 0x20) - 'a' + 10;
            out[digits / 2] = (unsigned char)(digits % 2 ? out[digits / 2] | value : value << 4);
        }
    }
    return digits == 2 * (size_t)HASH_LEN ? 0 : -1;
}

static int read_sshfp(struct list *l, const struct line *line, size_t at, struct err *e)
{
    unsigned char hash[HASH_LEN], base64[4 * ((HASH_LEN + 2) / 3) + 1];
    char fingerprint[PIN_FINGERPRINT_SIZE];
    bool taken = false;

    if (line->count < at + 3)
        return bad(l, "the SSHFP record is cut short", e);
    if (strcmp(line->words[at + 1], "2") != 0) {
        l->unusable++; /* SHA-1, which ssh-keygen -r prints beside SHA-256 */
        return 0;
    }
    if (join_hex(line, at + 2, hash) != 0)
        return bad(l, "the SSHFP record holds no SHA-256 hash of 64 digits", e);
    EVP_EncodeBlock(base64, hash, HASH_LEN);
    snprintf(fingerprint, sizeof fingerprint, "SHA256:%.43s", (const char *)base64);
    for (size_t i = 0; i < KEY_TYPE_COUNT; i++) {
        if (key_types[i].sshfp == NULL || strcmp(line->words[at], key_types[i].sshfp) != 0)
            continue;
        if (add_fingerprint(l, key_types[i].name, fingerprint, e) != 0)
            return -1;
        taken = true;
    }
    l->unusable += !taken;
    return 0;
}

static bool same_name(const char *owner, const char *host)
{
    size_t a = strlen(owner), b = strlen(host);

    a -= a > 1 && owner[a - 1] == '.';
    b -= b > 1 && host[b - 1] == '.';
    return a == b && strncasecmp(owner, host, a) == 0;
}

/* ---- lines --------------------------------------------------------------- */

static bool is_number(const char *word)
{
    return *word != '\0' && word[strspn(word, "0123456789")] == '\0';
}

/* The word SSHFP of a record with its owner, "host 3600 IN SSHFP 4 2 HEX"; 0: none. */
static size_t sshfp_at(const struct line *line)
{
    for (size_t i = 1; i < line->count && i < 5; i++)
        if (strcasecmp(line->words[i], "SSHFP") == 0)
            return i;
    return 0;
}

/* A key or its fingerprint stands behind its type. A host may have a name that
 * begins as types do: ssh-gw.example.com. */
static bool begins_with_type(const struct line *line)
{
    const char *second = line->words[1];

    return is_key_type(line->words[0]) &&
           (strncmp(second, "AAAA", 4) == 0 || strchr(second, ':') != NULL || sshfp_at(line) == 0);
}

static int read_typed(struct list *l, const struct line *line, struct err *e)
{
    if (strchr(line->words[1], ':') != NULL)
        return read_pin(l, line, e);
    if (key_type_can_be_pinned(line->words[0]))
        return add_key(l, &l->found, line->text, e);
    l->unusable++;
    return 0;
}

static int read_words(struct list *l, const struct line *line, struct err *e)
{
    char *const *w = line->words;

    if (w[0][0] == '@')
        return read_marked(l, line, e);
    if (line->count < 2)
        return bad(l, "this names no key", e);
    if (is_key_type(w[1]) && key_type_can_be_pinned(w[1]))
        return read_known_host(l, line, 0, &l->found, e);
    if (is_key_type(w[1])) {
        l->unusable++;
        return 0;
    }
    if (begins_with_type(line))
        return read_typed(l, line, e);
    if (is_number(w[0]) && strchr(w[1], ':') != NULL)
        return read_keygen(l, line, e);
    const size_t at = sshfp_at(line);
    if (at > 0)
        return same_name(w[0], l->host) ? read_sshfp(l, line, at + 1, e) : other_host(l, w[0]);
    if (is_number(w[0]) && strlen(w[0]) < 3 && is_number(w[1]) && strlen(w[1]) < 3 && line->count > 2)
        return read_sshfp(l, line, 0, e);
    return bad(l, "this is no host key in any form that is known", e);
}

static void trim(char *text)
{
    for (char *c = text; *c != '\0'; c++)
        if (*c == '\t' || *c == '\r')
            *c = ' ';
    for (size_t len = strlen(text); len > 0 && text[len - 1] == ' '; len--)
        text[len - 1] = '\0';
}

static int read_line(struct list *l, char *text, struct err *e)
{
    struct line line = { .count = 0 };
    char *save = NULL;

    trim(text);
    line.text = text + strspn(text, " ");
    if (line.text[0] == '\0' || line.text[0] == '#' || line.text[0] == ';')
        return 0;
    char *copy = mem_strdup(line.text);
    for (char *w = strtok_r(copy, " ", &save); w != NULL && line.count < WORDS_MAX;
         w = strtok_r(NULL, " ", &save))
        line.words[line.count++] = w;
    int rc = read_words(l, &line, e);
    free(copy);
    return rc;
}

static int nothing(const struct list *l, struct err *e)
{
    if (l->others > 0) {
        err_set(e, ERR_HOSTKEY, "host key", "%s has no key for %s, only for other hosts (%s)", l->source,
                l->name, l->other_name);
        return err_hint(
            e, "if that is the same host by another name, take the names away: ... | ssh-keygen -lf - | "
               "docktether ... --pin-from -");
    }
    if (l->revoked.count > 0)
        return err_set(e, ERR_HOSTKEY, "host key", "%s has no key for %s that is not revoked", l->source,
                       l->name);
    if (l->unusable > 0) {
        err_set(e, ERR_HOSTKEY, "host key", "%s has no key that can be pinned", l->source);
        return err_hint(e, "a pin is the SHA-256 of an ed25519, RSA or ECDSA key");
    }
    return err_set(e, ERR_HOSTKEY, "host key", "%s holds no host key", l->source);
}

int pinlist_read(const char *source, const char *text, const char *host, int64_t port, struct pins *pins,
                 struct err *e)
{
    struct list l = { .source = source, .host = host, .name = knownhosts_name(host, port) };
    char *copy = mem_strdup(text);
    int rc = 0;

    l.bracketed = port == 22 ? mem_printf("[%s]:22", l.name) : mem_strdup(l.name);

    for (char *line = copy, *next = NULL; rc == 0 && line != NULL; line = next) {
        next = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        l.line++;
        rc = read_line(&l, line, e);
    }
    for (size_t i = 0; i < l.revoked.count; i++)
        pins_remove(&l.found, &l.revoked.items[i]);
    if (rc == 0 && l.found.count == 0)
        rc = nothing(&l, e);
    for (size_t i = 0; rc == 0 && i < l.found.count; i++)
        pins_add(pins, &l.found.items[i]);
    pins_clear(&l.found);
    pins_clear(&l.revoked);
    free(l.name);
    free(l.bracketed);
    free(copy);
    return rc;
}
