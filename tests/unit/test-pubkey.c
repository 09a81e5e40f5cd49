/* Public keys and certificates as text. */
#include "base/mem.h"
#include "ssh/pubkey.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Made with ssh-keygen -s: the certificates are for `bob`, valid in 2020. */
#define ED "AAAAC3NzaC1lZDI1NTE5AAAAIKPdT4yze6UelEX43KQmXMNLO/GPVXic4nELIklmIKUm"
#define EC                                                                                       \
    "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBBKH/nBOs66x9nPlJ+wJFZterIMvOlm7jqAoeB" \
    "PBvhceLb89dVNKqYbpOjggzLrPNUicS24H5dsNVtMTt4qoDyA="
#define ED_CERT                                                                                  \
    "AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAIOKFX7F7AzpcuX91eXZZcxl9pGZL9VGhlPY+z0" \
    "2uPTirAAAAIKPdT4yze6UelEX43KQmXMNLO/GPVXic4nELIklmIKUmAAAAAAAAAAAAAAABAAAAAmlkAAAABwAAAANi" \
    "b2IAAAAAXgvhAAAAAABf7mYAAAAAAAAAAIIAAAAVcGVybWl0LVgxMS1mb3J3YXJkaW5nAAAAAAAAABdwZXJtaXQtYW" \
    "dlbnQtZm9yd2FyZGluZwAAAAAAAAAWcGVybWl0LXBvcnQtZm9yd2FyZGluZwAAAAAAAAAKcGVybWl0LXB0eQAAAAAA" \
    "AAAOcGVybWl0LXVzZXItcmMAAAAAAAAAAAAAADMAAAALc3NoLWVkMjU1MTkAAAAgOWyVu0fdatnlgyU4gWaPNwQgeY" \
    "kVI1Ki6CqWledo+dIAAABTAAAAC3NzaC1lZDI1NTE5AAAAQDiF3SBIA5dMGDkGGZ49jdtCUAY41iqz1r1yhOD4RrjC" \
    "3GD4HY4lr+JbAJxoLXdzw60MGVS4d/vomjrh/zgBngw="
#define EC_CERT                                                                                  \
    "AAAAKGVjZHNhLXNoYTItbmlzdHAyNTYtY2VydC12MDFAb3BlbnNzaC5jb20AAAAgT4xtMMm+V8sDM0t5PbUOls+zBP" \
    "Na4zUJ7xGlouESJNQAAAAIbmlzdHAyNTYAAABBBBKH/nBOs66x9nPlJ+wJFZterIMvOlm7jqAoeBPBvhceLb89dVNK" \
    "qYbpOjggzLrPNUicS24H5dsNVtMTt4qoDyAAAAAAAAAAAAAAAAEAAAACaWQAAAAHAAAAA2JvYgAAAABeC+EAAAAAAF" \
    "/uZgAAAAAAAAAAggAAABVwZXJtaXQtWDExLWZvcndhcmRpbmcAAAAAAAAAF3Blcm1pdC1hZ2VudC1mb3J3YXJkaW5n" \
    "AAAAAAAAABZwZXJtaXQtcG9ydC1mb3J3YXJkaW5nAAAAAAAAAApwZXJtaXQtcHR5AAAAAAAAAA5wZXJtaXQtdXNlci" \
    "1yYwAAAAAAAAAAAAAAMwAAAAtzc2gtZWQyNTUxOQAAACA5bJW7R91q2eWDJTiBZo83BCB5iRUjUqLoKpaV52j50gAA" \
    "AFMAAAALc3NoLWVkMjU1MTkAAABAmbNr54jpr/8lEYhQAt/V/2KV0+8tNyfSEA1wlL6xIT5ddE6CRy9SDL5KZsW0uz" \
    "8wPcqIy4XqbuDwZSbjqdRMAA=="
#define CERT_TYPE "ssh-ed25519-cert-v01@openssh.com"
#define Y2020 UINT64_C(1577836800)
#define Y2021 UINT64_C(1609459200)

static void test_key(void **state)
{
    static const char *const texts[] = {
        "ssh-ed25519 " ED " a comment\n",
        "ssh-ed25519 " ED,
        "\n# a comment\n\n\tssh-ed25519\t" ED "\r\n",
        "ssh-ed25519  " ED "\nssh-rsa AAAA\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct pubkey k;
        assert_int_equal(pubkey_parse(texts[i], &k), 0);
        assert_string_equal(k.type, "ssh-ed25519");
        assert_string_equal(k.blob, ED);
        assert_string_equal(k.plain, ED);
        assert_false(k.certificate);
        assert_null(pubkey_unusable(&k, 0));
        pubkey_clear(&k);
        assert_null(k.blob);
    }
}

static void test_certificate(void **state)
{
    static const struct {
        const char *text, *plain;
    } certs[] = {
        { CERT_TYPE " " ED_CERT, ED },
        { "ecdsa-sha2-nistp256-cert-v01@openssh.com " EC_CERT " c", EC },
    };

    (void)state;
    for (size_t i = 0; i < sizeof certs / sizeof *certs; i++) {
        struct pubkey k;
        assert_int_equal(pubkey_parse(certs[i].text, &k), 0);
        assert_true(k.certificate);
        assert_false(k.host);
        assert_string_equal(k.plain, certs[i].plain);
        assert_string_not_equal(k.blob, k.plain);
        assert_true(k.valid_after == Y2020);
        assert_true(k.valid_before == Y2021);
        assert_string_equal(pubkey_unusable(&k, Y2020 - 1), "is not valid yet");
        assert_null(pubkey_unusable(&k, Y2020));
        assert_null(pubkey_unusable(&k, Y2021 - 1));
        assert_string_equal(pubkey_unusable(&k, Y2021), "has expired");
        pubkey_clear(&k);
    }
}

static void put(unsigned char **p, const char *s, size_t len)
{
    *(*p)++ = 0;
    *(*p)++ = 0;
    *(*p)++ = (unsigned char)(len >> 8);
    *(*p)++ = (unsigned char)len;
    memcpy(*p, s, len);
    *p += len;
}

/* Of every kind: the fields of the key go over into it, and nothing else. */
static void test_kinds(void **state)
{
    static const struct {
        const char *certificate, *plain;
        size_t fields;
    } kinds[] = {
        { "ssh-ed25519-cert-v01@openssh.com", "ssh-ed25519", 1 },
        { "ssh-rsa-cert-v01@openssh.com", "ssh-rsa", 2 },
        { "ecdsa-sha2-nistp384-cert-v01@openssh.com", "ecdsa-sha2-nistp384", 2 },
        { "ecdsa-sha2-nistp521-cert-v01@openssh.com", "ecdsa-sha2-nistp521", 2 },
        { "sk-ssh-ed25519-cert-v01@openssh.com", "sk-ssh-ed25519@openssh.com", 2 },
        { "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com", 3 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        for (int host = 0; host < 2; host++) {
            unsigned char cert[512], plain[512], *c = cert, *p = plain;
            struct pubkey k;
            put(&c, kinds[i].certificate, strlen(kinds[i].certificate));
            put(&p, kinds[i].plain, strlen(kinds[i].plain));
            put(&c, "nonce", 5);
            for (size_t f = 0; f < kinds[i].fields; f++) {
                put(&c, "field", 5 - f);
                put(&p, "field", 5 - f);
            }
            memcpy(c, "\0\0\0\0\0\0\0\7\0\0\0", 11); /* the serial number */
            c += 11;
            *c++ = host ? 2 : 1;
            put(&c, "id", 2);
            put(&c, "\0\0\0\3ann\0\0\0\5bob b", 16);
            memset(c, 0, 8);
            memset(c + 8, 0xff, 8);
            c += 16;
            char *text = pubkey_base64(cert, (size_t)(c - cert)),
                 *want = pubkey_base64(plain, (size_t)(p - plain));
            assert_int_equal(pubkey_parse_blob(text, &k), 0);
            assert_string_equal(k.plain, want);
            assert_int_equal(k.host, host);
            assert_int_equal(k.principals.count, 2);
            assert_string_equal(k.principals.items[0], "ann");
            assert_string_equal(k.principals.items[1], "bob b");
            if (host)
                assert_string_equal(pubkey_unusable(&k, 1), "is for a host");
            else
                assert_null(pubkey_unusable(&k, UINT64_MAX - 1)); /* "forever" */
            pubkey_clear(&k);
            /* Cut anywhere, it is none. */
            for (size_t len = 0; len < (size_t)(c - cert); len++) {
                char *cut = pubkey_base64(cert, len);
                assert_int_equal(pubkey_parse_blob(cut, &k), -1);
                assert_null(k.type);
                free(cut);
            }
            free(text);
            free(want);
        }
    }
}

static void test_no_key(void **state)
{
    static const char *const texts[] = {
        "",
        "\n",
        "#",
        "# only a comment",
        "ssh-ed25519",
        "ssh-ed25519 ",
        "ssh-rsa " ED, /* another type than the blob says */
        CERT_TYPE " " ED,
        "ssh-ed25519 " ED_CERT,
        "ssh-ed25519 AAAA",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5", /* nothing but the type */
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AA=",
        "ssh-ed25519 !!!!",
        "ssh-ed25519 =AAA",
        "ssh-ed25519 ====",
        "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n",
        "restrict ssh-ed25519 " ED, /* authorized_keys */
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct pubkey k;
        if (pubkey_parse(texts[i], &k) != -1)
            fail_msg("\"%s\" was taken", texts[i]);
        assert_null(k.type);
        assert_null(k.blob);
        assert_null(k.plain);
    }
}

static void test_base64(void **state)
{
    static const char *const texts[] = { "AA==", "AAA=", "AAAA", "AAAAAA==", "+/+/" };
    static const char *const bad[] = { "",     "A",    "AA",     "AAA",      "A===",
                                       "AA=A", "AA =", "AAAA\n", "AA==AAAA", "AA-_" };
    size_t len;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        unsigned char *p = pubkey_bytes(texts[i], &len);
        assert_non_null(p);
        char *text = pubkey_base64(p, len);
        assert_string_equal(text, texts[i]);
        free(text);
        free(p);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_null(pubkey_bytes(bad[i], &len));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_key),    cmocka_unit_test(test_certificate), cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_no_key), cmocka_unit_test(test_base64),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
