#!/usr/bin/env bats
# The wire itself: what other tests do to tethers with it is what they think it is.

load lib/common
lab_kind none

setup_file() {
    lab_up || return 1
    lab_spawn "$LAB/echo.log" python3 "$TOOLS/wiretest.py" serve "$LAB/echo.port"
    echo "$LAB_SPAWNED" >"$LAB/echo.pid"
    wait_for 10 test -s "$LAB/echo.port"
}

teardown_file() {
    lab_kill 5 "$(cat "$LAB/echo.pid")"
    lab_down
}

setup() {
    setup_home
    TARGET=$(cat "$LAB/echo.port")
}

ends() {
    python3 "$TOOLS/wiretest.py" "$@"
}

# between LOW HIGH NUMBER
between() {
    python3 -c 'import sys; a, b, n = map(float, sys.argv[1:]); sys.exit(not a <= n <= b)' "$@" ||
        { echo "$3 is not between $1 and $2"; return 1; }
}

@test "bytes pass unharmed, both ways at once, on many connections" {
    local port i clients=()
    port=$(wire_start w "$TARGET")
    [ "$(ends ends "$port" 20000000)" = '20000000 fin intact' ]
    for i in $(seq 20); do
        ends ends "$port" 1000000 >"out.$i" 3>&- &
        clients+=($!)
    done
    wait "${clients[@]}"
    [ "$(sort -u out.*)" = '1000000 fin intact' ]
    [ "$(wire_stat w connections)" = 21 ]
    [ "$(wire_stat w up)" = 40000000 ]
    [ "$(wire_stat w down)" = 40000000 ]
    wait_for 5 none_is_open
}

none_is_open() {
    [ "$(wire_stat w open)" = 0 ]
}

@test "a delay is a length, not a rate" {
    local port
    port=$(wire_start w "$TARGET" --delay 30)
    between 60 75 "$(ends rtt "$port" 10)"
    # 20 MB one after the other would take 320 pieces of 60 ms each: 19 s.
    between 0.1 3 "$(ends bulk "$port" 20000000)"
    wire_tell w delay 0
    between 0 20 "$(ends rtt "$port" 10)"
}

@test "a rate is kept, each way on its own, and shared" {
    local port
    port=$(wire_start w "$TARGET" --rate 4000000)
    between 0.9 1.6 "$(ends bulk "$port" 4000000)"
    ends bulk "$port" 2000000 >a 3>&- &
    ends bulk "$port" 2000000 >b
    wait $!
    cat a b
    between 0.6 1.6 "$(cat a)"
    between 0.6 1.6 "$(cat b)"
}

@test "100 Mbit/s over 100 ms there and back: full speed, short queues" {
    local port bulk
    port=$(wire_start w "$TARGET" --rate 12500000 --delay 50)
    between 1.6 2.6 "$(ends bulk "$port" 20000000)"
    ends bulk "$port" 30000000 >bulk.out 3>&- &
    bulk=$!
    # Whoever asks beside it waits for the line, not for megabytes in somebody's buffer.
    between 100 140 "$(ends rtt "$port" 8)"
    wait "$bulk"
    cat bulk.out
}

@test "stall and go: nothing is lost, nothing moves" {
    local port
    port=$(wire_start w "$TARGET")
    wire_tell w stall
    [ "$(ends ends "$port" 1000000)" = '0 silent intact' ]
    ends bulk "$port" 5000000 >out 3>&- &
    wait_for 5 open_are 2
    wire_tell w go
    wait $!
    between 0 5 "$(cat out)"
}

open_are() {
    [ "$(wire_stat w connections)" = "$1" ]
}

@test "blackhole: who connects hears nothing, and all of it when the line is back" {
    local port
    port=$(wire_start w "$TARGET")
    wire_tell w blackhole
    [ "$(ends ends "$port" 1000)" = '0 silent intact' ]
    ends bulk "$port" 1000 >out 3>&- &
    wait_for 5 open_are 2
    wire_tell w go
    wait $!
    between 0 20 "$(cat out)"
}

@test "cuts at byte N, with FIN and with RST, once" {
    local port n
    port=$(wire_start w "$TARGET")
    for n in 0 1 1448 65536 123457; do
        wire_tell w cut fin after "$n" down
        [ "$(ends ends "$port" 1000000)" = "$n fin intact" ]
        wire_tell w cut rst after "$n" down
        [ "$(ends ends "$port" 1000000)" = "$n rst intact" ]
    done
    # What was on its way back is cut as well.
    wire_tell w cut fin after 1000 up
    [ "$(ends ends "$port" 1000000)" = '0 fin intact' ]
    [ "$(ends ends "$port" 1000000)" = '1000000 fin intact' ]
    wire_tell w cut rst in 500 down
    [ "$(ends ends "$port" 1000000)" = '500 rst intact' ]
    wire_tell w cut rst after 5000000 down
    [[ $(wire_tell w forget) == *'"forgotten":1'* ]]
    [ "$(wire_stat w cuts)" = 12 ]
}

@test "flips one bit of byte N" {
    local port
    port=$(wire_start w "$TARGET")
    wire_tell w flip 0 up
    wire_tell w flip 99999 down
    [ "$(ends ends "$port" 100000)" = '100000 fin byte 0 99999' ]
    wire_tell w flip in 10 down
    [ "$(ends ends "$port" 100)" = '100 fin byte 10' ]
    [ "$(ends ends "$port" 100)" = '100 fin intact' ]
}

@test "refuse and accept, on the same port" {
    local port
    port=$(wire_start w "$TARGET")
    wire_tell w refuse
    [ "$(ends connect "$port")" = refused ]
    wire_tell w accept
    [ "$(ends connect "$port")" = open ]
    run ! wire_tell w nonsense
    run ! wire_tell w cut off
}

@test "turnarounds count round trips; a unix socket is a target too" {
    local port
    lab_spawn "$T/ping.log" python3 "$TOOLS/pinger.py" "$T/ping.sock"
    at_end "$LAB_SPAWNED"
    wait_for 10 test -S "$T/ping.sock"
    port=$(wire_start w "$T/ping.sock")
    [ "$(curl -sS --max-time 10 "http://127.0.0.1:$port/_ping" "http://127.0.0.1:$port/_ping")" = OKOK ]
    [ "$(wire_stat w connections)" = 1 ]
    [ "$(wire_stat w turnarounds)" = 3 ]
    wire_tell w reset-stats
    [ "$(wire_stat w turnarounds)" = 0 ]
    ends connect "$port"
    [ "$(wire_stat w connections)" -le 2 ]
}
