/* Lines for shells. Real ones read them in tests/e2e/shells.bats; PowerShell's rules are
 * checked here, as its language specification and its tokenizer have them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ui/shell-lines.h"

#include <stdlib.h>
#include <string.h>

/* What PowerShell reads a text as that begins at p with a quote: a quote ends it unless
 * it is doubled, and each of ' and U+2018 to U+201B is one. NULL when it does not end. */
static size_t quote_at(const char *p)
{
    if (*p == '\'')
        return 1;
    return strncmp(p, "\xe2\x80", 2) == 0 && (unsigned char)p[2] >= 0x98 && (unsigned char)p[2] <= 0x9b ? 3
                                                                                                        : 0;
}

static const char *read_quoted(const char *p, char *out)
{
    p += quote_at(p);
    while (*p != '\0') {
        size_t len = quote_at(p);
        if (len > 0 && quote_at(p + len) == 0) {
            *out = '\0';
            return p + len;
        }
        if (len > 0) /* the first of the two is taken */
            memcpy(out, p, len);
        else
            *out = *p;
        out += len > 0 ? len : 1;
        p += len > 0 ? len + quote_at(p + len) : 1;
    }
    return NULL;
}

static void test_powershell(void **state)
{
    static const char *const values[] = {
        "unix:///run/user/1000/docktether/prod.sock",
        "",
        "it's",
        "''",
        "$env:HOME `n $(rm) \"x\" # ; | & {} @'",
        "a\nb\tc\\",
        "caf\xc3\xa9 \xe2\x80\x98quoted\xe2\x80\x99 \xe2\x80\x9a\xe2\x80\x9b \xe2\x80\x9c\xe2\x80\x94",
        "\xe2\x80\x99",
    };
    static const char start[] = "$env:DOCKER_HOST = ";
    (void)state;

    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        char read[256];
        char *line = shell_lines_export(SHELL_PWSH, "DOCKER_HOST", values[i]);

        assert_memory_equal(line, start, strlen(start));
        const char *rest = read_quoted(line + strlen(start), read);
        assert_non_null(rest);
        assert_string_equal(rest, ";");
        assert_string_equal(read, values[i]);
        free(line);
    }
}

static void test_others(void **state)
{
    static const struct {
        enum shell shell;
        const char *export, *unset;
    } cases[] = {
        { SHELL_SH, "export X='a'\\''!\\b';", "unset X;" },
        { SHELL_FISH, "set -gx X 'a\\'!\\\\b';", "set -e X;" },
        { SHELL_CSH, "setenv X 'a'\\''\\!\\b';", "unsetenv X;" },
        { SHELL_PWSH, "$env:X = 'a''!\\b';", "Remove-Item -ErrorAction Ignore Env:X;" },
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *export = shell_lines_export(cases[i].shell, "X", "a'!\\b"),
             *unset = shell_lines_unset(cases[i].shell, "X");
        assert_string_equal(export, cases[i].export);
        assert_string_equal(unset, cases[i].unset);
        free(export);
        free(unset);
    }
}

static void test_names(void **state)
{
    enum shell shell = SHELL_SH;
    struct err e = ERR_INIT;
    (void)state;

    assert_int_equal(shell_lines_parse("pwsh", &shell, &e), 0);
    assert_int_equal(shell, SHELL_PWSH);
    assert_int_equal(shell_lines_parse("powershell", &shell, &e), 0);
    assert_int_equal(shell_lines_parse("cmd", &shell, &e), -1);
    assert_int_equal(e.code, ERR_USAGE);
    setenv("SHELL", "/opt/microsoft/powershell/7/pwsh", 1);
    assert_int_equal(shell_lines_detect(), SHELL_PWSH);
    setenv("SHELL", "/bin/nonesuch", 1);
    assert_int_equal(shell_lines_detect(), SHELL_SH);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_powershell),
        cmocka_unit_test(test_others),
        cmocka_unit_test(test_names),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("shell", tests, NULL, NULL);
}
