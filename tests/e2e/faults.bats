#!/usr/bin/env bats
# The fault bench: things break while clients ask all the time. None hangs, none is lied
# to, and the first request after the fault is answered in time, at the same socket.
# shellcheck disable=SC2030,SC2031 # a test has its own KEEPALIVE_S

load lib/common
load lib/faults

# A crew at a tether that serves, and a moment for it to begin.
begin() {
    bench_profile "$@"
    begin_crew
}

# ---- the network -----------------------------------------------------------------------

@test "delay: slower, and nothing else" {
    begin
    wire_tell net delay 100
    crew_mark
    wait_for 60 crew_went_round
    wire_tell net delay 0
    all_is_well
    crew_saw_no_error
    [ "$(status_of lab reconnects)" = 0 ]
}

@test "a stall that is shorter than the keepalives' patience: nobody notices" {
    local channels
    KEEPALIVE_S=10 # a busy machine may make more than one second of one
    # Without spares the server has a socket for each connection, and must have none in the end.
    begin --set spare-channels=0
    wire_tell net stall
    sleep 1
    wire_tell net go
    all_is_well
    crew_saw_no_error
    [ "$(status_of lab reconnects)" = 0 ]
    wait_for 10 settled
    channels=$(server_sockets)
    fresh_session
    echo "the server has $channels descriptors for a used session, $(server_sockets) for a fresh one"
    [ "$channels" -le "$(server_sockets)" ]
}

@test "a long stall: found out, told, and over when it is over" {
    begin
    wire_tell net stall
    wait_for $((KEEPALIVE_S + 2)) not_serving
    wait_for 10 crew_has_seen ping refused
    wire_tell net go
    all_is_well
}

@test "a network that swallows everything" {
    begin
    wire_tell net blackhole
    wait_for $((KEEPALIVE_S + 2)) not_serving
    wait_for 10 crew_has_seen ping refused
    sleep 1 # an attempt is on its way when the network is back
    wire_tell net go
    all_is_well
}

@test "a network that refuses" {
    begin
    wire_tell net refuse
    wire_tell net cut rst
    wait_for 10 crew_has_seen ping refused
    wire_tell net accept
    all_is_well
}

@test "cuts, with FIN and with RST, one after the other" {
    local i ends=(fin rst) directions=(down up down)
    begin
    for i in $(seq 12); do
        wire_tell net cut "${ends[i % 2]}" in "$((RANDOM * 40))" "${directions[i % 3]}"
        wait_for 10 cuts_are "$i"
        wait_for 10 reconnects_exceed "$((i - 1))"
        wait_for 10 serving
    done
    all_is_well
}

cuts_are() {
    [ "$(wire_stat net cuts)" -ge "$1" ]
}

# ---- the server ------------------------------------------------------------------------

@test "sshd restarted, and killed" {
    begin
    sshd_restart
    back_in_time
    sshd_kill
    back_in_time
    sessions_signal KILL
    all_is_well
}

@test "the server's process stopped for a moment, and for long" {
    KEEPALIVE_S=5
    begin
    sessions_signal STOP
    sleep 1
    sessions_signal CONT
    back_in_time
    [ "$(status_of lab reconnects)" = 0 ]
    sessions_signal STOP
    # The listener still answers: a session that is dead is replaced, whatever becomes of it.
    wait_for $((KEEPALIVE_S + 2)) reconnected
    sessions_signal CONT
    all_is_well
}

reconnected() {
    [ "$(status_of lab reconnects)" -gt 0 ]
}

@test "dockerd restarted, and killed: the session stays" {
    bench_profile
    begin_crew daemon
    dockerd_again TERM
    back_in_time
    dockerd_again KILL
    all_is_well
    [ "$(status_of lab reconnects)" = 0 ]
}

@test "new keys every megabyte: nobody notices" {
    export SSHD_LINE='RekeyLimit 1M'
    begin
    for _ in 1 2 3; do
        crew_mark
        wait_for 30 crew_went_round
    done
    all_is_well
    crew_saw_no_error
    [ "$(status_of lab reconnects)" = 0 ]
}

# ---- this machine ----------------------------------------------------------------------

@test "no room for the log" {
    [ "$(id -u)" = 0 ] || without "needs root"
    mkdir -p "$STATE"
    mount -t tmpfs -o size=16k,mode=700 tmpfs "$STATE" || without "cannot mount a tmpfs"
    begin
    head -c 16384 /dev/zero >"$STATE/filler" 2>/dev/null || true
    wire_tell net cut rst
    back_in_time
    sshd_restart
    all_is_well
    docktether down lab
    umount "$STATE"
}

@test "the tether killed: clients are told, and the next up works" {
    local pid
    bench_profile
    begin_crew vanish
    stream lab
    pid=$(status_of lab pid)
    kill -9 "$pid"
    wait_for 5 lab_gone "$pid"
    run -56 wait "$STREAM" # curl: the connection was reset
    docktether up lab
    back_in_time
    crew_stop
}

# execs WAY...: an exec that lasts, by that way; says "begun", and in `code.WAY` how it ended.
execs() {
    local way=$1
    (
        exec 3>&-
        "$@" docker exec keeper sh -c 'echo begun; sleep 1000' >"begun.$way" 2>&1 && code=0 || code=$?
        echo "$code" >"code.$way"
    ) &
    at_end $!
    wait_for 20 grep -q begun "begun.$way"
}

# Docker's CLI then asks for the command's exit status, and ends with 255 only when it cannot.
@test "dockerd is killed: docker exec ends as on the engine's own socket" {
    bench_profile
    execs direct
    execs tethered lab
    dockerd_again KILL
    wait_for 20 test -s code.direct
    wait_for 20 test -s code.tethered
    cat begun.* code.*
    [ "$(cat code.direct)" = 255 ]
    [ "$(cat code.tethered)" = 255 ]
}
