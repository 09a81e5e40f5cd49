/* Host keys as other programs write them. The keys are real, made for this test by
 * ssh-keygen, as are the fingerprints and the SSHFP records. */
#include "ssh/pinlist.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ED_KEY     \
    "ssh-ed25519 " \
    "AAAAC3NzaC1lZDI1NTE5AAAAIC/kNYXpvNn0VBHL8CK/VLFmOAWlUejQs0FfYfRXxUJ3"
#define ED_FP "SHA256:TN7XH/qP3C5aJGkfVqu1nyWt68sOYUInYEyICoYEsCg"
#define ED_HEX "4cded71ffa8fdc2e5a24691f56abb59f25adebcb0e614227604c880a8604b028"
#define EC_KEY                                                                         \
    "ecdsa-sha2-nistp521 "                                                             \
    "AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACFBAGf6H/lvyiWGPVC7rPRZIuP04Gq" \
    "P45R1kl7hCT8Wzxw50YO6Z0crJB07ktvuk2rWTHSaN2Tr+92fPDwWpV6A5iB4gHEAAP8nKnqz6OXw/r1" \
    "G785kC6xFpvHXumpqlh5QH9lY6SrG/AydBIwccq1G6Um5GTu5liLp0vJJ4NCFdaWEVl34A=="
#define EC_FP "SHA256:CcPo84ZT2W+XMhx3B+p3tGtEQlv+MG1L5ay7kvKHBBE"
#define EC_HEX "09c3e8f38653d96f97321c7707ea77b46b44425bfe306d4be5acbb92f2870411"
#define RS_KEY                                                                         \
    "ssh-rsa "                                                                         \
    "AAAAB3NzaC1yc2EAAAADAQABAAABAQCabeRy5pABrk3yYrHAj/Kj9y1EN0/gO4v5xSmgksBgdGV7978A" \
    "t8t+ZafBbJmk7dcT5DaHyIkdEWz31cW6LwXY4oore1/waXr8kLpi/NdoQR/hW6jRXq37scCbTDXoowIN" \
    "GfMJAiCXWe4/8bA6JNJM8NPvqJvTHjDW8IHGBwsPOUeSAnp89NxIRnz3aJMotARJK6UX2jSF8CspRj/0" \
    "LmYZRvIHdsl3MUBHyf44cu+83xBzVa3i0aazqYGkHn0soTGK2V3kxh2pkTOJa7AT33tw7wxXdzvvMElK" \
    "e+UI2geJc+lt0Da/AnrSzj1uK+w/MDAPDznj9kLrFTlGVk5uuVjN"
#define RS_FP "SHA256:A+NJClkvyWT/MLII9R/qA0pbRfHcSYo0TSFLAMa8EaU"
#define RS_HEX "03e3490a592fc964ff30b208f51fea034a5b45f1dc498a344d214b00c6bc11a5"
#define ED_SHA1 "85b1b4f48c1af9fa44ee83304a87fb502380850d"
#define ED_HEX_A "4cded71ffa8fdc2e5a24691f56abb59f25adebcb0e614227604c880a"
#define ED_HEX_B "8604b028"
#define HASHED "|1|hIy/piVNJUKMeZu8QjGuEuPYB10=|NFBH/GM9h6tBXNtNcVUpH/Z/NfI="
#define HASHED_OTHER "|1|7pL1McLIRpsHrfznkpdl0w7na/I=|rLrsuYvJsX26O9P083HsqfPdqs4="

#define ED "ssh-ed25519 " ED_FP
#define RS "ssh-rsa " RS_FP
#define EC(bits) "ecdsa-sha2-nistp" bits " " EC_FP

static struct pins read_list(const char *text, int64_t port)
{
    struct pins pins = { 0 };
    struct err e = ERR_INIT;

    if (pinlist_read("list", text, "prod.example.com", port, &pins, &e) != 0)
        fail_msg("%s: %s", text, e.msg);
    return pins;
}

/* Exactly these, in any order. */
static void gives_at(const char *text, int64_t port, const char *const *want)
{
    struct pins pins = read_list(text, port);
    size_t n = 0;

    for (; want[n] != NULL; n++) {
        struct pin pin;
        assert_int_equal(pin_parse(want[n], &pin, NULL), 0);
        if (!pins_contain(&pins, &pin))
            fail_msg("no %s out of %s", want[n], text);
    }
    if (pins.count != n)
        fail_msg("%zu pins out of %s", pins.count, text);
    pins_clear(&pins);
}

#define GIVES(text, ...) gives_at(text, 22, (const char *const[]){ __VA_ARGS__, NULL })

static void refuses(const char *text, enum err_code code, const char *words)
{
    struct pins pins = { 0 };
    struct err e = ERR_INIT;
    struct pin old;

    assert_int_equal(pin_parse(RS, &old, NULL), 0);
    pins_add(&pins, &old);
    if (pinlist_read("list", text, "prod.example.com", 22, &pins, &e) != -1)
        fail_msg("taken: %s", text);
    assert_int_equal(e.code, code);
    if (strstr(e.msg, words) == NULL)
        fail_msg("no \"%s\" in \"%s\"", words, e.msg);
    assert_int_equal(pins.count, 1);
    pins_clear(&pins);
}

static void test_known_hosts(void **state)
{
    (void)state;
    GIVES("prod.example.com " ED_KEY "\n", ED);
    GIVES("# prod.example.com:22 SSH-2.0-OpenSSH_9.2p1\nprod.example.com " ED_KEY "\n"
          "other,prod.example.com,10.0.0.1 " RS_KEY " a comment\r\n",
          ED, RS);
    GIVES("prod.example.com\t" EC_KEY, EC("521"));
    GIVES("*.example.com " ED_KEY "\n", ED);
    GIVES("[prod.example.com]:22 " ED_KEY "\n", ED);
    gives_at("[prod.example.com]:2222 " ED_KEY "\nprod.example.com " RS_KEY "\n", 2222,
             (const char *const[]){ ED, NULL });
    /* Hashed, of "prod.example.com" and of another name. */
    GIVES(HASHED " " ED_KEY "\n" HASHED_OTHER " " RS_KEY "\n", ED);
    /* A negation counts wherever it stands. */
    refuses("*.example.com,!prod.example.com " ED_KEY "\n", ERR_HOSTKEY, "only for other hosts");
    refuses("!prod.example.com,*.example.com " ED_KEY "\n", ERR_HOSTKEY, "only for other hosts");
    GIVES("!dev.example.com,*.EXAMPLE.com " ED_KEY "\n", ED);
    /* Twice the same. */
    GIVES("prod.example.com " ED_KEY "\nprod.example.com " ED_KEY "\n", ED);
    refuses("other.example.com " ED_KEY "\n", ERR_HOSTKEY, "other.example.com");
    refuses(HASHED_OTHER " " ED_KEY "\n", ERR_HOSTKEY, "hashed names");
    refuses("prod.example.com ssh-ed25519 AAAAnonsense\n", ERR_USAGE, "line 1");
    refuses("prod.example.com " RS_KEY "\nprod.example.com ssh-ed25519\n", ERR_USAGE, "line 2");
}

static void test_markers(void **state)
{
    (void)state;
    GIVES("@cert-authority prod.example.com " ED_KEY "\nprod.example.com " RS_KEY "\n", RS);
    GIVES("@revoked * " ED_KEY "\nprod.example.com " ED_KEY "\nprod.example.com " RS_KEY "\n", RS);
    /* However the revoked key is named, and whatever comes first. */
    GIVES(ED "\n" ED_KEY "\n4 2 " ED_HEX "\n" RS "\n@revoked * " ED_KEY "\n", RS);
    GIVES("@revoked revoked " ED_KEY "\n" ED "\n", ED); /* for a host of that name */
    refuses("@revoked prod.example.com " ED_KEY "\n" ED "\n", ERR_HOSTKEY, "not revoked");
    refuses("@cert-authority prod.example.com " ED_KEY "\n", ERR_HOSTKEY, "can be pinned");
    refuses("@nonsense prod.example.com " ED_KEY "\n", ERR_USAGE, "line 1");
    refuses("@revoked\n", ERR_USAGE, "line 1");
}

static void test_public_keys(void **state)
{
    (void)state;
    GIVES(ED_KEY, ED);
    GIVES(ED_KEY " root@prod\n" RS_KEY "\n", ED, RS);
    GIVES("ssh-dss AAAAB3NzaC1kc3M= old\n" ED_KEY "\n", ED);
    refuses("ssh-dss AAAAB3NzaC1kc3M= old\n", ERR_HOSTKEY, "can be pinned");
    refuses("ssh-ed25519 AAAA\n", ERR_USAGE, "line 1");
    refuses("ssh-ed25519\n", ERR_USAGE, "line 1");
}

static void test_fingerprints(void **state)
{
    (void)state;
    GIVES("256 " ED_FP " root@prod (ED25519)\n", ED);
    GIVES("2048 " RS_FP " no comment (RSA)\n521 " EC_FP " a (b) c (ECDSA)\n", RS, EC("521"));
    GIVES("256 " EC_FP " x (ECDSA)\n", EC("256"));
    GIVES("1024 " RS_FP " x (DSA)\n" ED "\n", ED);
    GIVES("  " ED "  \n", ED);
    refuses("256 MD5:16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48 x (ED25519)\n", ERR_USAGE, "SHA256");
    refuses("256 " ED_FP " x\n", ERR_USAGE, "line 1");
    refuses("\n\n256 SHA256:short x (ED25519)\n", ERR_USAGE, "line 3");
    refuses(ED "x\n", ERR_USAGE, "line 1");
    refuses(ED " and more\n", ERR_USAGE, "line 1");
    refuses(ED_FP "\n", ERR_USAGE, "line 1");
}

static void test_sshfp(void **state)
{
    (void)state;
    GIVES("prod.example.com IN SSHFP 4 1 " ED_SHA1 "\nprod.example.com IN SSHFP 4 2 " ED_HEX "\n", ED);
    GIVES("PROD.example.com. 3600 IN SSHFP 1 2 " RS_HEX "\n", RS);
    GIVES("; <<>> DiG 9.18 <<>> SSHFP prod\n;; ANSWER SECTION:\n4 2 " ED_HEX_A " " ED_HEX_B "\n", ED);
    /* The curve is not told. */
    GIVES("prod.example.com IN SSHFP 3 2 " EC_HEX, EC("256"), EC("384"), EC("521"));
    /* ed448, and what is yet to come */
    GIVES("4 2 " ED_HEX "\n6 2 " ED_HEX "\n9 2 " ED_HEX "\n", ED);
    refuses("4 1 " ED_SHA1 "\n", ERR_HOSTKEY, "can be pinned");
    refuses("other.example.com. IN SSHFP 4 2 " ED_HEX "\n", ERR_HOSTKEY, "other.example.com.");
    refuses("4 2 " ED_HEX "00\n", ERR_USAGE, "line 1");
    refuses("4 2 " ED_HEX_A "\n", ERR_USAGE, "line 1");
    refuses("4 2 " ED_HEX_A " xyz\n", ERR_USAGE, "line 1");
    refuses("prod.example.com IN SSHFP 4 2\n", ERR_USAGE, "line 1");
    refuses("prod.example.com IN SSHFP\n", ERR_USAGE, "line 1");
}

static void at_host(const char *host, const char *text, const char *want)
{
    struct pins pins = { 0 };
    struct err e = ERR_INIT;
    struct pin pin;

    if (pinlist_read("list", text, host, 22, &pins, &e) != 0)
        fail_msg("%s: %s", text, e.msg);
    assert_int_equal(pin_parse(want, &pin, NULL), 0);
    assert_int_equal(pins.count, 1);
    assert_true(pins_contain(&pins, &pin));
    pins_clear(&pins);
}

/* Names that begin as types of keys do, and comments that are words of other forms. */
static void test_misleading(void **state)
{
    static const char *const hosts[] = { "ssh-gw.example.com", "sk-1", "ecdsa-sha2-host", "rsa-sha2-512" };
    char line[1024];

    (void)state;
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        snprintf(line, sizeof line, "%s " ED_KEY "\n", hosts[i]);
        at_host(hosts[i], line, ED);
        snprintf(line, sizeof line, "%s IN SSHFP 4 2 " ED_HEX "\n", hosts[i]);
        at_host(hosts[i], line, ED);
    }
    GIVES(ED_KEY " me sshfp laptop\n", ED);
    GIVES("prod.example.com " ED_KEY " sshfp\n", ED);
    GIVES("256 " ED_FP " in sshfp (ED25519)\n", ED);
    /* The revocation of another host is no key of another host. */
    refuses("@revoked other.example.com " ED_KEY "\n", ERR_HOSTKEY, "holds no host key");
}

/* No host has so many keys, and each is compared with all of them. */
static void test_too_many(void **state)
{
    const size_t lines = 2000, size = 80;
    char *text = calloc(lines, size);
    size_t used = 0;

    (void)state;
    for (size_t i = 0; i < lines; i++)
        used += (size_t)snprintf(text + used, lines * size - used, "4 2 %064zx\n", i);
    refuses(text, ERR_USAGE, "line 1001: there are too many keys");
    free(text);
}

static void test_nothing(void **state)
{
    (void)state;
    refuses("", ERR_HOSTKEY, "holds no host key");
    refuses("# nothing\n\n   \n;; nothing\n", ERR_HOSTKEY, "holds no host key");
    refuses("nonsense\n", ERR_USAGE, "line 1");
    refuses("two words\n", ERR_USAGE, "line 1");
    refuses(ED "\nTYPE BITS FINGERPRINT PINNED\n", ERR_USAGE, "line 2");
    refuses("ssh-ed25519 256 " ED_FP " no\n", ERR_USAGE, "line 1"); /* of our own --scan */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_hosts), cmocka_unit_test(test_markers),
        cmocka_unit_test(test_public_keys), cmocka_unit_test(test_fingerprints),
        cmocka_unit_test(test_sshfp),       cmocka_unit_test(test_misleading),
        cmocka_unit_test(test_too_many),    cmocka_unit_test(test_nothing),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("pinlist", tests, NULL, NULL);
}
