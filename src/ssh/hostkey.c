#include "ssh/hostkey-internal.h"

#include "base/mem.h"
#include "ssh/dial.h"
#include "ssh/handshake.h"
#include "ssh/pubkey.h"
#include "ssh/session-internal.h"
#include "ssh/wire-reader.h"
#include "store/key-type.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void hostkeys_clear(struct hostkeys *keys)
{
    free(keys->items);
    *keys = (struct hostkeys){ 0 };
}

void hostkeys_add(struct hostkeys *keys, const struct hostkey *key)
{
    for (size_t i = 0; i < keys->count; i++)
        if (pin_equal(&keys->items[i].pin, &key->pin))
            return;
    keys->items = mem_resize(keys->items, keys->count + 1, sizeof *keys->items);
    keys->items[keys->count++] = *key;
}

/* The bits of an RSA modulus, from the public key blob (RFC 4253 6.6: three
 * fields, type, e, n). libssh has no function for it. */
static int rsa_bits(ssh_key key)
{
    char *b64 = NULL;
    size_t len = 0, n = 0;
    const unsigned char *p = NULL;
    int bits = 0;

    if (ssh_pki_export_pubkey_base64(key, &b64) != SSH_OK)
        return 0;
    unsigned char *blob = pubkey_bytes(b64, &len);
    struct wire_reader r = { .p = blob, .len = len };
    if (blob != NULL && wire_string(&r, &p, &n) && wire_string(&r, &p, &n) && wire_string(&r, &p, &n)) {
        while (n > 0 && *p == 0)
            p++, n--;
        if (n > 0 && n <= 4096)
            bits = (int)n * 8 - __builtin_clz(*p) + 24;
    }
    free(blob);
    ssh_string_free_char(b64);
    return bits;
}

static int fingerprint(ssh_key key, char out[PIN_FINGERPRINT_SIZE])
{
    unsigned char *hash = NULL;
    size_t len = 0;

    if (ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &hash, &len) != 0)
        return -1;
    char *text = ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, len);
    ssh_clean_pubkey_hash(&hash);
    if (text == NULL)
        return -1;
    snprintf(out, PIN_FINGERPRINT_SIZE, "%s", text);
    ssh_string_free_char(text);
    return 0;
}

int hostkey_describe(ssh_key key, struct hostkey *out)
{
    const char *type = ssh_key_type_to_char(ssh_key_type(key));

    memset(out, 0, sizeof *out);
    if (type == NULL || !key_type_can_be_pinned(type) || fingerprint(key, out->pin.fingerprint) != 0)
        return -1;
    snprintf(out->pin.type, sizeof out->pin.type, "%s", type);
    out->bits = key_type_find(type, strlen(type))->bits;
    if (out->bits == 0)
        out->bits = rsa_bits(key);
    return 0;
}

int hostkey_parse(const char *text, struct hostkey *key)
{
    struct pubkey parsed;
    ssh_key imported = NULL;

    if (pubkey_parse(text, &parsed) != 0)
        return -1;
    int rc =
        ssh_pki_import_pubkey_base64(parsed.blob, ssh_key_type_from_name(parsed.type), &imported) == SSH_OK
            ? hostkey_describe(imported, key)
            : -1;
    ssh_key_free(imported);
    pubkey_clear(&parsed);
    return rc;
}

int hostkey_of_session(struct session *s, struct hostkey *out, struct err *e)
{
    ssh_key key = NULL;

    if (ssh_get_server_publickey(s->ssh, &key) != SSH_OK)
        return err_set(e, ERR_HOSTKEY, "host key", "libssh has no host key: %s", ssh_get_error(s->ssh));
    int rc = hostkey_describe(key, out);
    ssh_key_free(key);
    if (rc != 0)
        return err_set(e, ERR_HOSTKEY, "host key", "the host's key is of a type that cannot be pinned");
    return 0;
}

static void describe_stranger(const struct pin *key, const struct pins *pins, const char *name, struct err *e)
{
    char shown[PIN_TEXT_SIZE], pinned[PIN_TEXT_SIZE] = "";

    pin_format(key, shown);
    for (size_t i = 0; i < pins->count && pinned[0] == '\0'; i++)
        if (strcmp(pins->items[i].type, key->type) == 0)
            pin_format(&pins->items[i], pinned);
    err_set(e, ERR_HOSTKEY, "host key", "the host presents %s, which is not pinned%s%s", shown,
            *pinned ? "; pinned is " : "", pinned);
    err_fix(e, "docktether pin %s --scan", name);
    err_hint(e,
             "this may be an attack. If the host was reinstalled, check the fingerprint on the host, then: "
             "docktether pin %s --add '%s' && docktether up %s",
             name, shown, name);
}

/* Of a session that is in use. The profile's name is not known here, and the next
 * connection, which is made at once, says more. */
static int recheck(struct session *s, struct err *e)
{
    struct hostkey key;
    char shown[PIN_TEXT_SIZE];

    if (hostkey_of_session(s, &key, e) != 0)
        return -1;
    if (pins_contain(&s->trusted, &key.pin)) {
        s->host_key = key.pin;
        return 0;
    }
    pin_format(&key.pin, shown);
    err_set(e, ERR_HOSTKEY, "host key", "a later key exchange was made with %s, which is not pinned", shown);
    return err_hint(e, "the server, or somebody who took it over, changed its key within the connection");
}

int hostkey_check(struct session *s, const struct pins *pins, const char *name, struct err *e)
{
    struct hostkey key;

    if (hostkey_of_session(s, &key, e) != 0)
        return -1;
    if (!pins_contain(pins, &key.pin)) {
        describe_stranger(&key.pin, pins, name, e);
        return -1;
    }
    s->host_key = key.pin;
    pins_clear(&s->trusted);
    for (size_t i = 0; i < pins->count; i++)
        pins_add(&s->trusted, &pins->items[i]);
    s->recheck = recheck;
    return 0;
}

char *hostkey_algorithms(const struct pins *pins)
{
    char *list = mem_strdup("");

    for (size_t i = 0; i < KEY_TYPE_COUNT; i++) {
        const struct key_type *t = &key_types[i];
        bool wanted = pins->count == 0;
        for (size_t k = 0; k < pins->count; k++)
            wanted = wanted || strcmp(pins->items[k].type, t->name) == 0;
        if (!wanted || t->algorithms == NULL)
            continue;
        char *longer = mem_printf("%s%s%s", list, *list ? "," : "", t->algorithms);
        free(list);
        list = longer;
    }
    return list;
}

char *hostkey_kind_algorithms(size_t kind)
{
    struct pins pins = { 0 };

    for (size_t i = 0; i < KEY_TYPE_COUNT; i++) {
        struct pin pin = { .type = "" };
        if (!hostkey_is_kind(key_types[i].name, kind))
            continue;
        snprintf(pin.type, sizeof pin.type, "%s", key_types[i].name);
        pins_add(&pins, &pin);
    }
    char *list = hostkey_algorithms(&pins);
    pins_clear(&pins);
    return list;
}

bool hostkey_is_kind(const char *type, size_t kind)
{
    static const char *const listed[HOSTKEY_KINDS] = { "(ED25519)", "(ECDSA)", "(RSA)" };
    const struct key_type *t = key_type_find(type, strlen(type));

    return t != NULL && t->listed != NULL && strcmp(t->listed, listed[kind]) == 0;
}

/* One connection on which only these algorithms are offered. 1: the host has no
 * such key. */
static int scan_type(const char *host, int64_t port, const struct dial_way *way, const struct wait *w,
                     const char *algorithms, struct hostkeys *keys, struct err *e)
{
    struct hostkey key;
    char target[300];

    int fd = way != NULL && way->dial != NULL ? way->dial(way->user, w, e) : dial_tcp(host, port, w, e);
    if (fd < 0)
        return -1;
    struct session *s = session_new(fd, "none", algorithms, NULL, e);
    if (s == NULL)
        return -1;
    snprintf(target, sizeof target, "%s port %" PRId64, host, port);
    int rc = handshake_run(s, w, target, e);
    if (rc == 0)
        rc = hostkey_of_session(s, &key, e);
    if (rc == 0)
        hostkeys_add(keys, &key);
    else if (e->code == ERR_HOSTKEY)
        rc = 1;
    session_free(s);
    return rc;
}

int hostkey_scan(const char *host, int64_t port, const struct dial_way *way, int64_t timeout_ms,
                 struct hostkeys *keys, struct err *e)
{
    struct err local = ERR_INIT;

    for (size_t i = 0; i < HOSTKEY_KINDS; i++) {
        char *algorithms = hostkey_kind_algorithms(i);
        const struct wait w = { .deadline = deadline_in(timeout_ms), .cancel_fd = -1 };
        err_clear(&local);
        int rc = scan_type(host, port, way, &w, algorithms, keys, &local);
        free(algorithms);
        if (rc < 0) {
            /* A host that cannot be reached at all is not asked thrice; one
             * that drops a later connection still showed the others. */
            if (keys->count > 0) {
                err_text(&local, keys->missed, sizeof keys->missed);
                break;
            }
            if (e != NULL)
                *e = local;
            return -1;
        }
    }
    if (keys->count == 0)
        return err_set(e, ERR_HOSTKEY, "host key", "%s presents no key of a type that can be pinned", host);
    return 0;
}
