#!/usr/bin/env bats
# What the program touches on the disk: its own places, and nothing of the user's ssh.

load lib/common

setup() {
    setup_home
    command -v strace >/dev/null || skip "no strace here"
    strace -o /dev/null true || skip "strace may not trace here"
    # The leak check of a sanitizer wants to be the only one who traces.
    [ "${DOCKTETHER_SANITIZED:-}" != 1 ] || skip "a sanitizer does not run under strace"
}

traced() {
    strace -f -qq -s 300 -e trace=%file,bind,ftruncate,fchmod -o "$T/trace.$1" "$DOCKTETHER" "${@:2}"
}

# A day in the life, each command with all it starts traced.
live() {
    local up
    printf 'Host *\n  ProxyCommand /bin/false\n' >.ssh/config
    printf '[127.0.0.1]:%s %s\n' "$LAB_PORT" "$(cut -d' ' -f1,2 "$LAB/host_rsa.pub")" >.ssh/known_hosts
    traced create create lab "$URL" --identity "$LAB_KEY" --pin "$LAB_PIN"
    # strace ends when the tether does.
    traced up up lab 3>&- &
    up=$!
    at_end "$up"
    wait_for 30 state_is lab serving
    docker --context lab ps
    traced use use lab
    traced status status lab
    traced down down lab
    wait "$up"
    traced rm rm lab
}

@test "no write outside the design's places, no look at the user's ssh files" {
    live
    cat "$T"/trace.* >"$T/all"
    grep -q execve "$T/all"
    python3 "$TOOLS/touched.py" "$T/all" "$XDG_CONFIG_HOME/docktether" "$STATE" "$RUN" "$DOCKER_CONFIG"
}
