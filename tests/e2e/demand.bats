#!/usr/bin/env bats
# A session only while somebody wants one; and what doubts it.
# shellcheck disable=SC2154 # run sets stderr

load lib/common

teardown() {
    ip addr del 192.0.2.77/32 dev lo 2>/dev/null || true # of the last test
    teardown_home
}

pinged() {
    [ "$(curl -sS --unix-socket "$RUN/lab.sock" http://docker/_ping)" = OK ]
}

@test "on demand: up opens no session, the first connection does, and it is closed when unused" {
    local at
    new_profile_at "$(lab_sshd sleepy)" lab --set connect=demand --set idle-timeout=1s
    run -0 docktether up lab
    state_is lab asleep
    [ "$(logins sleepy)" = 0 ]
    run -0 docktether status lab
    at=$(inode)
    # One connection each: between two of them it could fall asleep.
    pinged
    [ "$(logins sleepy)" = 1 ]
    wait_for 10 state_is lab asleep
    pinged
    [ "$(logins sleepy)" = 2 ]
    [ "$(inode)" = "$at" ]
    run -0 docktether up lab
    [ "$(logins sleepy)" = 2 ]
}

@test "on demand: a connection that lasts keeps the session" {
    new_profile_at "$(lab_sshd sleepy)" lab --set connect=demand --set idle-timeout=500ms
    docktether up lab
    stream lab
    # Three times the timeout, seen by the tether's own clock: as many looks at its state.
    for _ in $(seq 15); do
        state_is lab serving
        sleep 0.1
    done
    end "$STREAM"
    wait_for 10 state_is lab asleep
}

@test "on demand: the first connection is told why it cannot be served, and up is not in the way" {
    local port
    port=$(lab_sshd sleepy)
    lab_stop_sshd sleepy
    new_profile_at "$port" lab --set connect=demand --set hold=1s
    docktether up lab
    run ! tethered lab docker version
    [[ $output == *"cannot connect to 127.0.0.1 port $port"* ]]
    # Nobody waits any more, so nobody dials.
    wait_for 10 state_is lab asleep
    lab_sshd_again sleepy
    tethered lab docker version
}

@test "idle-timeout without demand: connected at once, asleep when unused" {
    new_profile_at "$(lab_sshd sleepy)" lab --set idle-timeout=1s
    docktether up lab
    [ "$(logins sleepy)" = 1 ]
    wait_for 10 state_is lab asleep
    pinged
    [ "$(logins sleepy)" = 2 ]
}

@test "on demand: as a way to others" {
    local port
    port=$(lab_sshd sleepy)
    docktether create bastion "ssh://$LAB_USER@127.0.0.1:$port" --identity "$LAB_KEY" --pin "$LAB_PIN" \
        --set socket=none --set connect=demand
    new_profile inner --set via=bastion
    docktether up bastion
    state_is bastion asleep
    docktether up inner
    tethered inner docker version
    state_is bastion serving
}

@test "a server that is silent is noticed within keepalive-interval times keepalive-count" {
    local session began took
    new_profile_at "$(lab_sshd silent)" lab --set keepalive-interval=1s --set keepalive-count=2 --set hold=1s
    docktether up lab
    stream lab
    session=$(lab_tree "$(cat "$LAB/sshd/silent/spawned")")
    # shellcheck disable=SC2086 # a list of numbers
    kill -STOP $session
    began=$(date +%s%N)
    # The state itself may be serving again before anybody has looked.
    wait_for 10 logged "lost: serving"
    took=$((($(date +%s%N) - began) / 1000000))
    # shellcheck disable=SC2086
    kill -CONT $session
    echo "noticed after $took ms"
    [ "$took" -le 20000 ] # what is set by itself would take 45 s
    # And whoever had a request there was told, not kept waiting.
    wait_for 5 lab_gone "$STREAM"
}

@test "a tether that is stopped while it asks a silent server still finds out" {
    local session pid
    new_profile_at "$(lab_sshd silent)" lab --set keepalive-interval=1s --set keepalive-count=3 --set hold=1s
    docktether up lab
    stream lab
    pid=$(status_of lab pid)
    session=$(lab_tree "$(cat "$LAB/sshd/silent/spawned")")
    # shellcheck disable=SC2086 # a list of numbers
    kill -STOP $session
    # Each time longer than a question may wait for its answer; in between it asks again.
    for _ in 1 2; do
        kill -STOP "$pid"
        sleep 4.5
        kill -CONT "$pid"
        sleep 0.5
    done
    wait_for 5 logged "lost: serving"
    wait_for 5 lab_gone "$STREAM"
    # shellcheck disable=SC2086
    kill -CONT $session
}

@test "a change of this machine's network makes it ask a silent server at once" {
    local session began took
    [ "$(id -u)" = 0 ] && ip link show lo >/dev/null 2>&1 || without "needs root and iproute2"
    # The news is of the address that the session goes from; those of others are none of its business.
    ip addr add 192.0.2.77/32 dev lo
    lab_sshd silent "ListenAddress 192.0.2.77:2277"
    docktether create lab "ssh://$LAB_USER@192.0.2.77:2277$LAB_SOCK" --identity "$LAB_KEY" --pin "$LAB_PIN" --set hold=1s
    docktether up lab
    address_again
    wait_for 5 logged "network has changed"
    tethered lab docker version # the server answers, so all is well
    state_is lab serving
    session=$(lab_tree "$(cat "$LAB/sshd/silent/spawned")")
    # shellcheck disable=SC2086 # a list of numbers
    kill -STOP $session
    address_again
    began=$(date +%s%N)
    wait_for 10 logged "lost: serving"
    took=$((($(date +%s%N) - began) / 1000000))
    # shellcheck disable=SC2086
    kill -CONT $session
    echo "noticed after $took ms"
    [ "$took" -le 20000 ] # the keepalives alone would have taken 45 s
    wait_for 10 state_is lab serving
}

address_again() {
    ip addr del 192.0.2.77/32 dev lo
    ip addr add 192.0.2.77/32 dev lo
}
