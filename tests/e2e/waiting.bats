#!/usr/bin/env bats
# Whatever takes longer than a second says what it waits for.
# shellcheck disable=SC2154,SC2153 # run sets stderr, bad_server PORT

load lib/common
lab_kind pinger

setup() {
    setup_home
    export TERM=xterm
}

@test "up on a terminal: a line that is erased when the error comes" {
    bad_server silent
    new_profile_at "$PORT" lab --set connect-timeout=2s
    run -6 terminal -s 24x100 "screen:^lab: waiting for the SSH server at 127.0.0.1 port $PORT$" \
        'screen:^docktether: lab: SSH: ' 'screen:^hint: ' shown:seen -- "$DOCKTETHER" up lab
    run ! grep 'waiting for' seen
    # Cut, where there is no room: a line that wrapped could not be erased.
    run -6 terminal -s 24x30 'screen:^lab: waiting for the SSH ser…$' 'screen:^hint: ' shown:seen -- "$DOCKTETHER" up lab
    run ! grep 'waiting for' seen
}

@test "up elsewhere: one line after five seconds; status says it too" {
    local up
    bad_server silent
    new_profile_at "$PORT" lab --set connect-timeout=7s
    docktether up lab >out 2>err 3>&- &
    up=$!
    at_end "$up"
    wait_for 10 state_is lab connecting
    wait_for 10 waits_for SSH
    [ "$(status_of lab waiting_for whom)" = "127.0.0.1 port $PORT" ]
    run -1 docktether status lab
    [[ $output == *"Waiting for: "*"the SSH server at 127.0.0.1 port $PORT"* ]]
    ! wait "$up" || false
    [ "$(wc -l <err)" = 3 ]
    [ "$(head -n 1 err)" = "docktether: lab: waiting for the SSH server at 127.0.0.1 port $PORT" ]
}

waits_for() {
    [ "$(status_of lab waiting_for what)" = "$1" ]
}

@test "a host that does not answer, by its address" {
    local port
    port=$(lab_free_port)
    lab_spawn "$T/full.log" python3 "$TOOLS/fullqueue.py" 127.0.0.1 "$port" "$T/ready"
    at_end "$LAB_SPAWNED"
    wait_for 10 test -e "$T/ready"
    docktether create lab "ssh://$LAB_USER@localhost:$port$LAB_SOCK" --identity "$LAB_KEY" --pin "$LAB_PIN" \
        --set connect-timeout=2s
    run -6 terminal -s 24x100 "screen:^lab: waiting for 127.0.0.1 port $port to answer$" 'screen:^hint: ' \
        -- "$DOCKTETHER" exec lab -- true
}

@test "a hop is named; so is a login slot, and a tether that does not end" {
    local i pid
    bad_server silent
    new_profile_at "$PORT" bastion --set connect-timeout=6s
    new_profile_at 22 inner --via bastion
    run -130 terminal -s 24x100 "screen:^bastion: waiting for the SSH server at 127.0.0.1 port $PORT$" \
        'send:\x03' -- "$DOCKTETHER" up inner
    # Eight may log in at once; they hang, and so does the ninth, behind them.
    for i in 1 2 3 4 5 6 7 8; do
        new_profile_at "$PORT" "t$i" --set connect-timeout=30s
    done
    for i in 1 2 3 4 5 6 7 8; do
        docktether up "t$i" >/dev/null 2>&1 3>&- &
        at_end $!
    done
    for i in 1 2 3 4 5 6 7 8; do
        wait_for 20 hangs "t$i"
    done
    new_profile_at "$PORT" ninth --set connect-timeout=30s
    run -130 terminal -s 24x100 "screen:^ninth: waiting for a login slot at 127.0.0.1$" 'send:\x03' -- \
        "$DOCKTETHER" up ninth
    pid=$(status_of t1 pid)
    kill -STOP "$pid"
    (
        wait_for 10 test -e seen
        kill -CONT "$pid"
    ) 3>&- &
    run -0 terminal -s 24x100 "screen:^t1: waiting for its process to end$" shown:seen 'screen:^t1$' -- \
        "$DOCKTETHER" down t1
    wait $!
}

hangs() {
    [ "$(status_of "$1" waiting_for what)" = SSH ]
}

@test "pin --scan, create and import say what they wait for" {
    bad_server silent
    new_profile_at "$PORT" lab --set connect-timeout=2s
    run -6 terminal -s 24x120 "screen:waiting for ssh://.*$PORT to present its host keys$" 'screen:^hint: ' -- \
        "$DOCKTETHER" pin lab --scan
    run -6 terminal -s 24x120 "screen:waiting for ssh://.*$PORT to present its host keys$" 'screen:^hint: ' -- \
        "$DOCKTETHER" create other "ssh://$LAB_USER@127.0.0.1:$PORT" --identity "$LAB_KEY" --set connect-timeout=2s
    printf 'Host slow\n  HostName 127.0.0.1\nMatch exec "sleep 1.5"\n' >.ssh/config
    run -0 terminal -s 24x120 'screen:^waiting for ssh -G slow$' 'screen:^NAME .*' shown:seen -- \
        env HOME="$HOME" "$DOCKTETHER" import
}
