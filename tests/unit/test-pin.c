#include "store/pin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define FP "SHA256:uNiVztksCsDhcc0u9e8BrqzGzkqNO4Pc9gAk1ZyRrKs"
#define FP2 "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"

static struct pin pin_of(const char *text)
{
    struct pin pin;
    struct err e = ERR_INIT;

    assert_int_equal(pin_parse(text, &pin, &e), 0);
    assert_int_equal(e.code, ERR_NONE);
    return pin;
}

static void test_good(void **state)
{
    static const char *const types[] = { "ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256",
                                         "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521" };
    char text[PIN_TEXT_SIZE + 1], out[PIN_TEXT_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        snprintf(text, sizeof text, "%s %s", types[i], FP2);
        struct pin pin = pin_of(text);
        assert_string_equal(pin.type, types[i]);
        assert_string_equal(pin.fingerprint, FP2);
        pin_format(&pin, out);
        assert_string_equal(out, text);
    }
    struct pin pin = pin_of("ssh-rsa \t  " FP);
    pin_format(&pin, out);
    assert_string_equal(out, "ssh-rsa " FP);
}

static void test_bad(void **state)
{
    static const char *const bad[] = {
        "",
        " ",
        "ssh-ed25519",
        "ssh-ed25519 ",
        FP,
        " ssh-ed25519 " FP,
        "ssh-ed25519 " FP " ",
        "ssh-ed25519 " FP " comment",
        "ssh-ed25519 " FP "=",
        "ssh-ed25519 SHA256:uNiVztksCsDhcc0u9e8BrqzGzkqNO4Pc9gAk1ZyRrK",
        "ssh-ed25519 SHA256:",
        "ssh-ed25519 sha256:uNiVztksCsDhcc0u9e8BrqzGzkqNO4Pc9gAk1ZyRrKs",
        "ssh-ed25519 MD5:16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48",
        /* base64url is another alphabet */
        "ssh-ed25519 SHA256:47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU",
        /* bits beyond the 256th: the same bytes under another name */
        "ssh-ed25519 SHA256:uNiVztksCsDhcc0u9e8BrqzGzkqNO4Pc9gAk1ZyRrKt",
        "ssh-dss " FP,
        "ssh-ed2551 " FP,
        "ssh-ed25519x " FP,
        "SSH-ED25519 " FP,
        /* a signature's name, not a key's */
        "rsa-sha2-512 " FP,
        "ssh-ed25519-cert-v01@openssh.com " FP,
        "ssh-ed25519\n" FP,
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct pin pin;
        struct err e = ERR_INIT;
        memset(&pin, 'x', sizeof pin);
        if (pin_parse(bad[i], &pin, &e) != -1)
            fail_msg("accepted: \"%s\"", bad[i]);
        assert_int_equal(e.code, ERR_USAGE);
        assert_true(e.msg[0] != '\0' && e.hint[0] != '\0');
        assert_int_equal(pin.type[0], '\0');
        assert_int_equal(pin.fingerprint[0], '\0');
    }
    assert_int_equal(pin_parse("x", &(struct pin){ "", "" }, NULL), -1);
}

static void test_set(void **state)
{
    struct pins pins = { 0 };
    struct pin a = pin_of("ssh-ed25519 " FP), b = pin_of("ssh-rsa " FP), c = pin_of("ssh-ed25519 " FP2);

    (void)state;
    assert_false(pins_contain(&pins, &a));
    assert_false(pins_remove(&pins, &a));
    assert_true(pins_add(&pins, &a));
    assert_false(pins_add(&pins, &a));
    /* One fingerprint under another type is another pin. */
    assert_false(pins_contain(&pins, &b));
    assert_true(pins_add(&pins, &b));
    assert_true(pins_add(&pins, &c));
    assert_int_equal(pins.count, 3);

    assert_true(pins_remove(&pins, &b));
    assert_int_equal(pins.count, 2);
    assert_true(pin_equal(&pins.items[0], &a) && pin_equal(&pins.items[1], &c));
    assert_true(pins_remove(&pins, &c)); /* the last one: nothing behind it to move */
    assert_false(pins_remove(&pins, &c));
    assert_true(pins_remove(&pins, &a));
    assert_int_equal(pins.count, 0);
    assert_true(pins_add(&pins, &c));
    pins_clear(&pins);
    pins_clear(&pins);
    assert_int_equal(pins.count, 0);
}

static void a_line_of_ssh_keygen_is_a_pin(void **state)
{
    static const struct {
        const char *line, *type;
    } good[] = {
        { "256 SHA256:uNiVztksCsDhcc0u9e8BrqzGzkqNO4Pc9gAk1ZyRrKs root@host (ED25519)", "ssh-ed25519" },
        { "3072 SHA256:uNiVztksCsDhcc0u9e8BrqzGzkqNO4Pc9gAk1ZyRrKs a (b) c (RSA)", "ssh-rsa" },
        { "384 SHA256:uNiVztksCsDhcc0u9e8BrqzGzkqNO4Pc9gAk1ZyRrKs no comment (ECDSA)",
          "ecdsa-sha2-nistp384" },
        { "521 SHA256:uNiVztksCsDhcc0u9e8BrqzGzkqNO4Pc9gAk1ZyRrKs  (ECDSA)", "ecdsa-sha2-nistp521" },
    };
    static const char *const bad[] = {
        "256 MD5:16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48 root@host (ED25519)",
        "256 SHA256:uNiVztksCsDhcc0u9e8BrqzGzkqNO4Pc9gAk1ZyRrKs root@host (DSA)",
        "255 SHA256:uNiVztksCsDhcc0u9e8BrqzGzkqNO4Pc9gAk1ZyRrKs root@host (ECDSA)",
        "256 SHA256:uNiVztksCsDhcc0u9e8BrqzGzkqNO4Pc9gAk1ZyRr root@host (ED25519)",
        "256 SHA256:uNiVztksCsDhcc0u9e8BrqzGzkqNO4Pc9gAk1ZyRrKs root@host",
        "(ED25519)",
        "256 (ED25519)",
    };
    struct pin pin;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(pin_parse(good[i].line, &pin, NULL), 0);
        assert_string_equal(pin.type, good[i].type);
        assert_string_equal(pin.fingerprint, "SHA256:uNiVztksCsDhcc0u9e8BrqzGzkqNO4Pc9gAk1ZyRrKs");
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct err e = ERR_INIT;
        assert_int_equal(pin_parse(bad[i], &pin, &e), -1);
        assert_int_equal(e.code, ERR_USAGE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_of_ssh_keygen_is_a_pin),
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_set),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("pin", tests, NULL, NULL);
}
