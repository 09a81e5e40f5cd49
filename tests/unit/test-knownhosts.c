/* known_hosts as OpenSSH reads it: a corpus of lines, generated, in which ssh-keygen -F
 * and knownhosts_read() must find the same keys for the same host. */
#include "ssh/knownhosts-match.h"
#include "ssh/knownhosts.h"

#include "base/mem.h"
#include "ssh/pubkey.h"
#include "store/pin.h"

#include <ctype.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "scratch.h"

#define FILES 8
#define LINES 500
#define ED_FP "SHA256:TN7XH/qP3C5aJGkfVqu1nyWt68sOYUInYEyICoYEsCg"
#define ED_KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC/kNYXpvNn0VBHL8CK/VLFmOAWlUejQs0FfYfRXxUJ3"
#define RS_KEY                                                                         \
    "ssh-rsa "                                                                         \
    "AAAAB3NzaC1yc2EAAAADAQABAAABAQCabeRy5pABrk3yYrHAj/Kj9y1EN0/gO4v5xSmgksBgdGV7978A" \
    "t8t+ZafBbJmk7dcT5DaHyIkdEWz31cW6LwXY4oore1/waXr8kLpi/NdoQR/hW6jRXq37scCbTDXoowIN" \
    "GfMJAiCXWe4/8bA6JNJM8NPvqJvTHjDW8IHGBwsPOUeSAnp89NxIRnz3aJMotARJK6UX2jSF8CspRj/0" \
    "LmYZRvIHdsl3MUBHyf44cu+83xBzVa3i0aazqYGkHn0soTGK2V3kxh2pkTOJa7AT33tw7wxXdzvvMElK" \
    "e+UI2geJc+lt0Da/AnrSzj1uK+w/MDAPDznj9kLrFTlGVk5uuVjN"

static const struct {
    const char *host;
    int64_t port;
} hosts[] = {
    { "a.example.com", 22 },
    { "bad.example.com", 22 },
    { "A.Example.COM", 22 },
    { "box", 22 },
    { "box", 2222 },
    { "bad.example.com", 2222 },
    { "10.0.0.1", 22 },
    { "10.0.0.1", 2222 },
    { "2001:db8::1", 22 },
    { "2001:DB8:0::0001", 22 },
    { "::1", 2222 },
    { "a", 22 },
    { "ssh-gw.example.com", 22 },
};

static const char *const patterns[] = {
    "a.example.com",
    "*.example.com",
    "bad.example.com",
    "*.EXAMPLE.com",
    "box",
    "b?x",
    "bo?",
    "[box]:2222",
    "[b*]:2222",
    "[*]:*",
    "*box*",
    "10.0.0.1",
    "10.0.*",
    "2001:db8::1",
    "2001:DB8:0::1",
    "[::1]:2222",
    "*",
    "?",
    "a",
    "",
    "other",
    "[box]:22",
    "b*d.*.com",
    "*a*e*m",
    "ssh-gw.*",
    "[bad.example.com]:2222",
};

/* The same corpus every time. */
static uint32_t next(uint32_t *seed, uint32_t below)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 8) % below;
}

static void write_hashed(FILE *f, uint32_t *seed)
{
    const size_t i = next(seed, sizeof hosts / sizeof *hosts);
    char *name = knownhosts_name(hosts[i].host, hosts[i].port);
    unsigned char salt[20], md[EVP_MAX_MD_SIZE];
    unsigned md_len = 0;

    for (size_t k = 0; k < sizeof salt; k++)
        salt[k] = (unsigned char)next(seed, 256);
    HMAC(EVP_sha1(), salt, sizeof salt, (const unsigned char *)name, strlen(name), md, &md_len);
    char *a = pubkey_base64(salt, sizeof salt), *b = pubkey_base64(md, md_len);
    switch (next(seed, 12)) {
    case 0:
        fprintf(f, "|2|%s|%s", a, b);
        break;
    case 1:
        fprintf(f, "|1|%.5s|%s", a, b);
        break;
    case 2:
        fprintf(f, "|1|%s|%s,box", a, b);
        break;
    case 3:
        fprintf(f, "|1|%s", a);
        break;
    default:
        fprintf(f, "|1|%s|%s", a, b);
    }
    free(a);
    free(b);
    free(name);
}

static void write_names(FILE *f, uint32_t *seed)
{
    const uint32_t count = 1 + next(seed, 4);

    for (uint32_t i = 0; i < count; i++) {
        const char *p = patterns[next(seed, sizeof patterns / sizeof *patterns)];
        fprintf(f, "%s%s", i > 0 ? "," : "", next(seed, 4) == 0 ? "!" : "");
        if (next(seed, 200) == 0)
            for (int k = 0; k < 1030; k++)
                fputc('*', f);
        for (; *p != '\0'; p++)
            fputc(next(seed, 6) == 0 ? toupper((unsigned char)*p) : *p, f);
    }
    if (next(seed, 20) == 0)
        fputc(',', f);
}

static void write_line(FILE *f, uint32_t *seed)
{
    static const char *const before[] = { "",         "",  "",          "",         " ",
                                          "\t",       "#", "@revoked ", "@revoked", "@cert-authority\t",
                                          "@unknown " };
    static const char *const blank[] = { " ", "\t", "  ", " \t " };
    unsigned char key[51] = "\0\0\0\013ssh-ed25519\0\0\0\040";

    fputs(before[next(seed, sizeof before / sizeof *before)], f);
    if (next(seed, 4) == 0)
        write_hashed(f, seed);
    else
        write_names(f, seed);
    fputs(blank[next(seed, 4)], f);
    /* A few keys are there often, so that revocations meet them. */
    for (size_t i = 19; i < sizeof key; i++)
        key[i] = (unsigned char)next(seed, 256);
    if (next(seed, 3) == 0)
        memset(key + 19, (int)next(seed, 8), 32);
    char *text = pubkey_base64(key, sizeof key);
    switch (next(seed, 30)) {
    case 0:
        fprintf(f, "ssh-ed25519%s%.20s\n", blank[next(seed, 4)], text);
        break;
    case 1:
        fprintf(f, "ssh-rsa %s\n", text);
        break;
    case 2:
        fprintf(f, "# no key\n");
        break;
    case 3:
        fprintf(f, "%s\n", RS_KEY);
        break;
    default:
        fprintf(f, "ssh-ed25519%s%s%s%s\n", blank[next(seed, 4)], text, next(seed, 2) ? " a comment" : "",
                next(seed, 9) == 0 ? "\r" : "");
    }
    free(text);
}

/* What ssh-keygen finds under that name; false when it cannot be run. */
static bool their_keys(const char *path, const char *name, struct pins *found, struct pins *revoked)
{
    char command[600], line[2000], type[40], fp[60];
    enum { PLAIN, CA, REVOKED } marker = PLAIN;

    snprintf(command, sizeof command, "ssh-keygen -lF '%s' -f '%s' 2>&1", name, path);
    FILE *p = popen(command, "r");
    assert_non_null(p);
    while (fgets(line, sizeof line, p) != NULL) {
        const char *host_type = line[0] == '#' ? NULL : strrchr(line, ' ');
        struct pin pin;
        char text[120];
        if (line[0] == '#')
            marker = strstr(line, " CA") != NULL ? CA : strstr(line, " REVOKED") != NULL ? REVOKED : PLAIN;
        if (host_type == NULL || strstr(line, "SHA256:") == NULL ||
            sscanf(strstr(line, " ") + 1, "%39s %59s", type, fp) != 2)
            continue;
        snprintf(text, sizeof text, "%s %s", strcmp(type, "RSA") == 0 ? "ssh-rsa" : "ssh-ed25519", fp);
        assert_int_equal(pin_parse(text, &pin, NULL), 0);
        if (marker != CA)
            pins_add(marker == REVOKED ? revoked : found, &pin);
    }
    const int status = pclose(p);
    return status != -1 && (status >> 8) != 127;
}

/* As ssh: the name with its port, and when that has no key the one without. */
static size_t compare(const char *path, const char *host, int64_t port)
{
    struct pins found = { 0 }, without = { 0 }, revoked = { 0 };
    struct hostkeys ours = { 0 };
    struct err e = ERR_INIT;

    char *name = knownhosts_name(host, port), *plain = knownhosts_name(host, 22);
    if (!their_keys(path, name, &found, &revoked)) {
        print_message("no ssh-keygen here\n");
        skip();
    }
    if (port != 22) {
        their_keys(path, plain, &without, &revoked);
        if (found.count == 0) {
            struct pins none = found;
            found = without;
            without = none;
        }
    }
    for (size_t i = 0; i < revoked.count; i++)
        pins_remove(&found, &revoked.items[i]);
    const int rc = knownhosts_read(path, host, port, &ours, &e);
    assert_int_equal(rc, found.count > 0 ? 0 : -1);
    for (size_t i = 0; i < ours.count; i++)
        if (!pins_contain(&found, &ours.items[i].pin))
            fail_msg("%s in %s: ssh-keygen -F does not find %s", name, path, ours.items[i].pin.fingerprint);
    if (ours.count != found.count)
        fail_msg("%s in %s: %zu keys, ssh-keygen -F finds %zu", name, path, ours.count, found.count);
    const size_t count = ours.count;
    hostkeys_clear(&ours);
    pins_clear(&found);
    pins_clear(&without);
    pins_clear(&revoked);
    free(name);
    free(plain);
    return count;
}

static void test_as_openssh(void **state)
{
    uint32_t seed = 1;
    size_t keys = 0;

    for (int i = 0; i < FILES; i++) {
        char *path = scratch_path(state, "known_hosts");
        FILE *f = fopen(path, "w");
        assert_non_null(f);
        for (int k = 0; k < LINES; k++)
            write_line(f, &seed);
        assert_int_equal(fclose(f), 0);
        for (size_t k = 0; k < sizeof hosts / sizeof *hosts; k++)
            keys += compare(path, hosts[k].host, hosts[k].port);
        free(path);
    }
    /* A comparison of nothing with nothing would say nothing. */
    assert_true(keys > 1000);
}

static void test_names(void **state)
{
    static const struct {
        const char *host;
        int64_t port;
        const char *name;
    } cases[] = {
        { "Build.Example.COM", 22, "build.example.com" },
        { "Build.Example.COM", 2222, "[build.example.com]:2222" },
        { "2001:DB8:0:0::0001", 22, "2001:db8::1" },
        { "0:0:0:0:0:0:0:1", 2222, "[::1]:2222" },
        { "10.0.0.1", 22, "10.0.0.1" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *name = knownhosts_name(cases[i].host, cases[i].port);
        assert_string_equal(name, cases[i].name);
        free(name);
    }
}

/* What a sentence says about a file with these lines. */
static void says(void **s, const char *text, const char *host, int64_t port, const char *words)
{
    struct hostkeys keys = { 0 };
    struct err e = ERR_INIT;
    char *path = scratch_path(s, "known_hosts");

    scratch_write(path, text, 0600);
    const int rc = knownhosts_read(path, host, port, &keys, &e);
    if (words == NULL) {
        assert_int_equal(rc, 0);
        assert_int_equal(keys.count, 1);
        assert_string_equal(keys.items[0].pin.fingerprint, ED_FP);
    } else {
        assert_int_equal(rc, -1);
        assert_int_equal(e.code, ERR_HOSTKEY);
        if (strstr(e.msg, words) == NULL)
            fail_msg("%s: %s", text, e.msg);
    }
    hostkeys_clear(&keys);
    free(path);
}

static void test_sentences(void **state)
{
    says(state, "!bad.example.com,*.example.com " ED_KEY "\n", "bad.example.com", 22,
         "no key for bad.example.com");
    says(state, "*.example.com,!bad.example.com " ED_KEY "\n", "bad.example.com", 22,
         "no key for bad.example.com");
    says(state, "!bad.example.com,*.example.com " ED_KEY "\n", "good.example.com", 22, NULL);
    says(state, "build.example.com " ED_KEY "\n", "Build.Example.COM", 22, NULL);
    says(state, "::1 " ED_KEY "\n", "0:0::1", 22, NULL);
    /* ssh looks for the host without its port when it finds none with it. */
    says(state, "box " ED_KEY "\n", "box", 2222, NULL);
    says(state, "box " RS_KEY "\n[box]:2222 " ED_KEY "\n", "box", 2222, NULL);
    says(state, "[box]:2222 " ED_KEY "\n", "box", 22, "no key for box");
    says(state, "other " ED_KEY "\n", "box", 2222, "no key for [box]:2222 or box");
    says(state, "box " ED_KEY "\n@revoked box " ED_KEY "\n", "box", 22, "every key for box as @revoked");
    says(state, "[box]:2222 " ED_KEY "\n@revoked box " ED_KEY "\n", "box", 2222, "every key for [box]:2222");
    says(state, "box " ED_KEY "\n@revoked other " ED_KEY "\n", "box", 22, NULL);
    says(state, "@cert-authority *.example.com " ED_KEY "\n", "a.example.com", 22,
         "only a certificate authority");
    says(state, "@cert-authority * " RS_KEY "\nbox " ED_KEY "\n", "box", 22, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test_setup_teardown(test_sentences, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_as_openssh, scratch_setup, scratch_teardown),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("knownhosts", tests, NULL, NULL);
}
