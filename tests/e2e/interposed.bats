#!/usr/bin/env bats
# A libssh that does not call the functions which docktether has in place of its own, as one that
# was linked with -Bsymbolic: it is noticed and told, and everything works.

load lib/common

setup_file() {
    local library
    lab_up || return 1
    library=$(ldd "$DOCKTETHER" | awk '$1 ~ /^libssh\.so/ { print $1, $3 }')
    mkdir "$LAB/symbolic"
    if [ -n "$library" ]; then
        python3 "$TOOLS/symbolic.py" "${library#* }" "$LAB/symbolic/${library% *}" >"$LAB/symbolic/why" 2>&1 || true
    else
        echo "libssh is linked statically" >"$LAB/symbolic/why"
    fi
}

setup() {
    setup_home
    [ ! -s "$LAB/symbolic/why" ] || skip "$(cat "$LAB/symbolic/why")"
}

# What libssh is, for a while.
symbolic() {
    LD_LIBRARY_PATH=$LAB/symbolic "$@"
}

new_libssh() {
    ! docktether version -v | grep -q '^libssh 0\.10\.'
}

@test "where libssh calls them nothing is told" {
    new_profile lab
    docktether up lab
    [ "$(status_of lab libssh_cost)" = null ] || [ -z "$(status_of lab libssh_cost)" ]
    run -0 docktether status lab
    [[ $output != *"not helped along"* ]]
    run -0 docktether version --verbose
    [[ $output == *"libssh 0."* && $output != *"not helped along"* ]]
    run -0 docktether doctor lab
    [[ $output != *"not helped along"* ]]
}

@test "where it does not, version, status and doctor say what it costs" {
    new_profile lab
    run -0 symbolic docktether version --verbose
    [[ $output == *"not helped along"*"round trips"* ]]
    run -0 symbolic docktether version --format json
    [[ $output == *'"LibsshCost":"this build'* ]]
    symbolic docktether up lab
    [[ $(status_of lab libssh_cost) == *"a login takes up to two round trips more"* ]]
    run -0 docktether status lab
    [[ $output == *"not helped along"* ]]
    if new_libssh; then
        [[ $output == *"window of 2 MiB"* ]]
    fi
    run -0 symbolic docktether doctor lab
    [[ $output == *"not helped along"* ]]
}

@test "docker works all the same: exec, a download, an upload, a refused key" {
    new_profile lab
    symbolic docktether up lab
    run -0 docktether exec lab docker run --rm bb echo hello
    [ "$output" = hello ]
    head -c 5000000 /dev/urandom >big
    sha256sum <big >direct
    docktether exec lab docker run --rm -i bb sha256sum <big >up
    cmp direct up
    docktether exec lab docker run --rm -i bb cat <big | sha256sum >down
    cmp direct down
    lab_new_key "$PWD/other"
    docktether create other "$URL" --identity "$PWD/other" --pin "$LAB_PIN"
    run -5 symbolic docktether up other
}

@test "a server that libssh does not take for OpenSSH is reached by dial-stdio" {
    /usr/bin/python3 -c 'import asyncssh' 2>/dev/null || without "no asyncssh for /usr/bin/python3"
    lab_spawn "$T/other.log" /usr/bin/python3 "$PEERS/asyncsshd.py" "$T/port" "$LAB/host_ed25519" \
        "$LAB/authorized_keys"
    at_end "$LAB_SPAWNED"
    wait_for 20 test -e "$T/port"
    docktether create lab "ssh://$LAB_USER@127.0.0.1:$(cat "$T/port")$LAB_SOCK" --identity "$LAB_KEY" --pin "$LAB_PIN"
    docktether up lab
    [ "$(status_of lab transport)" = streamlocal ]
    docktether down lab
    symbolic docktether up lab
    [ "$(status_of lab transport)" = dial-stdio ]
    [[ $(status_of lab libssh_cost) == *"reached by dial-stdio"* ]]
    run -0 docktether exec lab docker version --format '{{.Server.Os}}'
    [ "$output" = linux ]
}

@test "a long line: whole, at libssh's own window, with one line in the log" {
    local port
    new_libssh || skip "libssh 0.10 needs no help with its window"
    lab_spawn "$T/bytes.log" python3 "$TOOLS/pinger.py" "$T/bytes.sock"
    at_end "$LAB_SPAWNED"
    wait_for 10 test -S "$T/bytes.sock"
    port=$(wire_start far "$LAB_PORT" --delay 50)
    docktether create lab "ssh://$LAB_USER@127.0.0.1:$port$T/bytes.sock" --identity "$LAB_KEY" --pin "$LAB_PIN"
    symbolic docktether up lab
    python3 "$TOOLS/load.py" fast "$T/bytes.sock" /bytes/20000001 >direct
    python3 "$TOOLS/load.py" fast "$RUN/lab.sock" /bytes/20000001 >through
    cmp direct through
    python3 "$TOOLS/load.py" fast "$RUN/lab.sock" /bytes/20000001 >through
    cmp direct through
    [ "$(grep -c "wait for libssh's window" "$STATE/lab.log")" = 1 ]
}
