#!/usr/bin/env bats
# No leak and no error over create, up, 100 requests, down.

load lib/common

setup() {
    setup_home
    command -v valgrind >/dev/null || skip "no valgrind here"
    [ "${DOCKTETHER_SANITIZED:-}" != 1 ] || skip "a sanitizer does not run under valgrind"
}

checked() {
    valgrind --quiet --trace-children=yes --child-silent-after-fork=no --leak-check=full \
        --errors-for-leak-kinds=definite,indirect,possible --show-leak-kinds=definite,indirect,possible \
        --suppressions="$TOOLS/valgrind.supp" --error-exitcode=99 --log-file="$T/valgrind.%p" \
        "$DOCKTETHER" "$@"
}

# What begins otherwise is about valgrind itself, as that it does not know a system call.
no_complaint() {
    run ! grep -h '^==' "$T"/valgrind.*
}

@test "create, up, 100 requests, down" {
    local i
    checked create lab "$URL" --identity "$LAB_KEY" --pin "$LAB_PIN" --set connect-timeout=60s
    checked up lab
    [[ "$(readlink "/proc/$(status_of lab pid)/exe")" == *memcheck* ]]
    for i in $(seq 97); do
        curl -sf --unix-socket "$RUN/lab.sock" "http://docker/_ping?$i" >/dev/null
    done
    [ "$(tethered lab docker run --rm -i bb cat <<<hi)" = hi ]
    head -c 3000000 /dev/urandom >blob
    tethered lab docker run --rm -i bb cat <blob >copy
    cmp blob copy
    curl -sf --unix-socket "$RUN/lab.sock" http://docker/containers/json >/dev/null
    checked status lab --format json
    checked down lab
    # The tether ran under valgrind as well, and says what it found as it ends.
    [ "$(find "$T" -name 'valgrind.*' | wc -l)" -ge 5 ]
    no_complaint
}

@test "up that fails" {
    run -5 checked_refused
    no_complaint
}

checked_refused() {
    lab_new_key "$T/stranger"
    docktether create lab "$URL" --identity "$T/stranger" --pin "$LAB_PIN" --set connect-timeout=60s
    checked up lab
}
