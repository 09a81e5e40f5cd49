#!/usr/bin/env bats
# How far ahead a server may send: long lines, readers that stop, servers that do not keep to it.

load lib/common
lab_kind pinger

sums() {
    python3 "$TOOLS/load.py" fast "$@"
}

# far_profile [sshd_config line...]: behind the wire `far`, with 150 ms each way.
far_profile() {
    local port
    port=$(lab_sshd far "$@") || return 1
    port=$(wire_start far "$port" --delay "${DELAY:-150}") || return 1
    docktether create lab "ssh://$LAB_USER@127.0.0.1:$port$LAB_SOCK" --identity "$LAB_KEY" --pin "$LAB_PIN"
    docktether up lab
}

@test "a download over a long line is whole" {
    far_profile
    sums "$LAB_SOCK" /bytes/20000001 >direct
    sums "$RUN/lab.sock" /bytes/20000001 >through
    cmp direct through
}

# stopped: what has crossed the wire stays the same for as long as a window takes.
stopped() {
    local before
    before=$(wire_stat far down)
    sleep 1
    [ "$(wire_stat far down)" = "$before" ]
}

# granted: what libssh grants by itself, and a little.
granted() {
    case $(docktether version --verbose) in
    *"libssh 0.10."*) echo 1400000 ;;
    *) echo 2200000 ;;
    esac
}

@test "a reader that stops once it was fast has more under way than libssh grants, and a bound" {
    local reader before under_way
    far_profile
    sums "$LAB_SOCK" /bytes/40000000 >direct
    before=$(wire_stat far down)
    python3 "$TOOLS/load.py" slow "$RUN/lab.sock" /bytes/40000000 stops go 25000000 >through 3>&- &
    reader=$!
    at_end "$reader"
    wait_for 60 test -e stops
    wait_for 60 stopped
    under_way=$(($(wire_stat far down) - before - 25000000))
    echo "# $under_way bytes are under way or wait" >&3
    [ "$under_way" -gt "$(granted)" ]
    [ "$under_way" -lt 19000000 ]
    # Others do not wait for it.
    run -0 curl -sS --max-time 20 --unix-socket "$RUN/lab.sock" http://d/_ping
    touch go
    wait "$reader"
    cmp direct through
    [ "$(status_of lab reconnects)" = 0 ]
    run ! logged "wait for libssh's window"
}

@test "new keys every megabyte change nothing about it" {
    DELAY=10 far_profile 'RekeyLimit 1M'
    sums "$LAB_SOCK" /bytes/10000001 >direct
    sums "$RUN/lab.sock" /bytes/10000001 >through
    cmp direct through
    [ "$(status_of lab reconnects)" = 0 ]
}

@test "many readers at different speeds share the windows' budget, and each gets its bytes" {
    local i readers=()
    DELAY=40 far_profile
    sums "$LAB_SOCK" /bytes/4000001 >direct
    for i in 1 2 3 4; do
        touch "go.$i"
        python3 "$TOOLS/load.py" slow "$RUN/lab.sock" /bytes/4000001 "here.$i" "go.$i" >"through.$i" 3>&- &
        readers+=($!)
    done
    wait "${readers[@]}"
    for i in 1 2 3 4; do
        cmp direct "through.$i"
    done
}

@test "what a server sends beyond the window is never left out in silence" {
    /usr/bin/python3 -c 'import asyncssh' 2>/dev/null || without "no asyncssh for /usr/bin/python3"
    lab_spawn "$T/rude.log" /usr/bin/python3 "$PEERS/asyncsshd.py" "$T/port" "$LAB/host_ed25519" \
        "$LAB/authorized_keys" overrun
    at_end "$LAB_SPAWNED"
    wait_for 20 test -e "$T/port"
    docktether create lab "ssh://$LAB_USER@127.0.0.1:$(cat "$T/port")$LAB_SOCK" --identity "$LAB_KEY" \
        --pin "$LAB_PIN"
    docktether up lab
    sums "$LAB_SOCK" /bytes/30000000 >direct
    # All of it, where libssh keeps what comes beyond; an error where it does not: no end of file before.
    run python3 "$TOOLS/load.py" fast "$RUN/lab.sock" /bytes/30000000
    echo "$output" | tail -n 3
    if [ "$status" = 0 ]; then
        [ "$output" = "$(cat direct)" ]
    else
        [[ $output == *reset* ]]
        logged "more than it was told there is room for"
    fi
}
