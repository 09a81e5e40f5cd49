#include "ssh/pubkey.h"

#include "base/mem.h"
#include "ssh/wire-reader.h"
#include "store/key-type.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX (64 * 1024)
#define CERT_HOST 2
#define PRINCIPALS_MAX 256 /* as OpenSSH has it */

char *pubkey_base64(const unsigned char *p, size_t len)
{
    char *out = mem_alloc((len + 2) / 3 * 4 + 1);

    EVP_EncodeBlock((unsigned char *)out, p, (int)len);
    return out;
}

unsigned char *pubkey_bytes(const char *base64, size_t *len)
{
    size_t chars = strlen(base64), pad = 0;

    while (pad < 2 && pad < chars && base64[chars - 1 - pad] == '=')
        pad++;
    if (chars == 0 || chars > TEXT_MAX || chars % 4 != 0 ||
        strspn(base64, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") != chars - pad)
        return NULL;
    unsigned char *out = mem_alloc(chars / 4 * 3 + 1);
    int n = EVP_DecodeBlock(out, (const unsigned char *)base64, (int)chars);
    if (n < (int)pad) {
        free(out);
        return NULL;
    }
    *len = (size_t)n - pad;
    return out;
}

/* The blob of the key that a certificate for a key of this type certifies: its
 * fields follow the nonce (OpenSSH's PROTOCOL.certkeys). */
static char *certified(struct wire_reader *r, const struct key_type *of)
{
    const char *type = of->name;
    const unsigned char *field;
    size_t len, begin, type_len = strlen(type);

    if (!wire_string(r, &field, &len)) /* the nonce */
        return NULL;
    begin = r->at;
    for (size_t i = 0; i < of->fields; i++)
        if (!wire_string(r, &field, &len))
            return NULL;
    unsigned char *blob = mem_alloc(4 + type_len + (r->at - begin));
    wire_put32(blob, (uint32_t)type_len);
    memcpy(blob + 4, type, type_len);
    memcpy(blob + 4 + type_len, r->p + begin, r->at - begin);
    char *text = pubkey_base64(blob, 4 + type_len + (r->at - begin));
    free(blob);
    return text;
}

/* A string of strings. */
static int parse_principals(struct wire_reader *r, struct pubkey *k)
{
    const unsigned char *field;
    size_t len;

    if (!wire_string(r, &field, &len))
        return -1;
    struct wire_reader inner = { .p = field, .len = len };
    while (inner.at < inner.len) {
        if (k->principals.count == PRINCIPALS_MAX || !wire_string(&inner, &field, &len) ||
            memchr(field, '\0', len) != NULL)
            return -1;
        char *name = mem_printf("%.*s", (int)len, (const char *)field);
        strv_add(&k->principals, name);
        free(name);
    }
    return 0;
}

static int parse_certificate(struct wire_reader *r, const struct key_type *of, struct pubkey *k)
{
    const unsigned char *field;
    uint64_t serial, type;
    size_t len;

    k->certificate = true;
    k->plain = certified(r, of);
    if (k->plain == NULL || !wire_number(r, 8, &serial) || !wire_number(r, 4, &type) ||
        !wire_string(r, &field, &len) || /* the key's id */
        parse_principals(r, k) != 0 || !wire_number(r, 8, &k->valid_after) ||
        !wire_number(r, 8, &k->valid_before))
        return -1;
    k->host = type == CERT_HOST;
    return 0;
}

static int parse_bytes(const unsigned char *p, size_t len, struct pubkey *k)
{
    struct wire_reader r = { .p = p, .len = len };
    const unsigned char *type;
    size_t type_len;

    if (!wire_string(&r, &type, &type_len) || type_len == 0 || memchr(type, '\0', type_len) != NULL ||
        r.at == len)
        return -1;
    k->type = mem_printf("%.*s", (int)type_len, (const char *)type);
    k->blob = pubkey_base64(p, len);
    for (size_t i = 0; i < KEY_TYPE_COUNT; i++)
        if (strcmp(k->type, key_types[i].certificate) == 0)
            return parse_certificate(&r, &key_types[i], k);
    k->plain = mem_strdup(k->blob);
    return 0;
}

int pubkey_parse_blob(const char *blob, struct pubkey *k)
{
    size_t len = 0;
    unsigned char *bytes = pubkey_bytes(blob, &len);
    int rc = -1;

    *k = (struct pubkey){ 0 };
    if (bytes != NULL)
        rc = parse_bytes(bytes, len, k);
    free(bytes);
    if (rc != 0)
        pubkey_clear(k);
    return rc;
}

int pubkey_parse(const char *text, struct pubkey *k)
{
    *k = (struct pubkey){ 0 };
    for (;;) {
        text += strspn(text, " \t\r\n");
        if (*text != '#')
            break;
        text += strcspn(text, "\n");
    }
    size_t type_len = strcspn(text, " \t\r\n");
    const char *blob = text + type_len;
    if (type_len == 0)
        return -1;
    blob += strspn(blob, " \t");
    char *type = mem_printf("%.*s", (int)type_len, text);
    char *base64 = mem_printf("%.*s", (int)strcspn(blob, " \t\r\n"), blob);
    int rc = pubkey_parse_blob(base64, k);
    if (rc == 0 && strcmp(type, k->type) != 0) {
        pubkey_clear(k);
        rc = -1;
    }
    free(type);
    free(base64);
    return rc;
}

void pubkey_clear(struct pubkey *k)
{
    free(k->type);
    free(k->blob);
    free(k->plain);
    strv_clear(&k->principals);
    *k = (struct pubkey){ 0 };
}

const char *pubkey_unusable(const struct pubkey *k, uint64_t now_s)
{
    if (!k->certificate)
        return NULL;
    if (k->host)
        return "is for a host";
    if (now_s < k->valid_after)
        return "is not valid yet";
    return now_s >= k->valid_before ? "has expired" : NULL;
}
