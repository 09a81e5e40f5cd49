#!/usr/bin/env bats
# Many at once, slow ones and rude ones, against a stock sshd.

load lib/common

setup_file() {
    lab_up || return 1
    [ -z "$LAB_SKIP" ] || return 0
    # A container with 100 MB that do not compress, to be read at any pace.
    head -c 100000000 /dev/urandom >"$LAB/blob"
    tar -C "$LAB" -c blob | lab_docker import - blob
    tar -C "$LAB/bb" -c . | lab_docker import - bb
    export BLOB='/containers/blob/archive?path=/blob' OTHER='/containers/other/archive?path=/blob'
    # dockerd serves one archive of a container at a time: one for each reader.
    lab_docker create --name blob blob /none
    lab_docker create --name other blob /none
    lab_docker run -d --name keeper bb sleep 100000
}

setup() {
    setup_home
    new_profile lab
    docktether up lab
    SOCK=$RUN/lab.sock
}

clients() {
    python3 "$TOOLS/load.py" "$@"
}

rss_kb() {
    awk '/^VmRSS:/ { print $2 }' "/proc/$(status_of lab pid)/status"
}

descriptors() {
    find "/proc/$(status_of lab pid)/fd" -mindepth 1 -maxdepth 1 | wc -l
}

descriptors_are() {
    [ "$(descriptors)" -le "$1" ]
}

@test "200 connections at once: none fails, none is left" {
    local before
    clients crowd "$SOCK" 1
    wait_for 10 connections_are lab open 0
    before=$(descriptors)
    run -0 clients crowd "$SOCK" 200
    wait_for 10 connections_are lab open 0
    wait_for 10 descriptors_are $((before + 2))
    run -0 clients crowd "$SOCK" 200
    [ "$(status_of lab reconnects)" = 0 ]
}

@test "50 docker ps at once" {
    local i pids=()
    direct docker ps -q >expected
    for i in $(seq 50); do
        tethered lab docker ps -q >"out.$i" 2>"err.$i" 3>&- &
        pids+=($!)
    done
    for i in "${pids[@]}"; do
        wait "$i"
    done
    for i in $(seq 50); do
        diff expected "out.$i"
        [ ! -s "err.$i" ]
    done
}

@test "clients that vanish take their channels with them" {
    run -0 clients leave "$SOCK" 100
    wait_for 10 connections_are lab open 0
    # dockerd itself has seen them go.
    wait_for 10 listeners_of_events_are 0
}

# memory_stays KB SECONDS: the tether's memory does not exceed the first number while the second runs.
memory_stays() {
    local limit=$1 end=$((SECONDS + $2)) now most=0
    while [ "$SECONDS" -lt "$end" ]; do
        now=$(rss_kb)
        [ "$now" -le "$most" ] || most=$now
        sleep 0.2
    done
    echo "memory at most $most kB, limit $limit kB"
    # A sanitizer keeps freed memory to itself.
    [ "${DOCKTETHER_SANITIZED:-}" = 1 ] || [ "$most" -le "$limit" ]
}

# bats test_tags=long
@test "a reader that stops reading costs a few MB and disturbs nobody" {
    local patience before slow ping
    patience=$(in_long 60 5)
    clients fast "$SOCK" "$OTHER" >expected
    wait_for 10 connections_are lab open 0
    before=$(rss_kb)
    clients slow "$SOCK" "$BLOB" here go >slow.out 3>&- &
    slow=$!
    at_end "$slow"
    wait_for 20 test -e here
    clients ping "$SOCK" "$patience" >ping.out 3>&- &
    ping=$!
    memory_stays $((before + 8192)) "$patience"
    wait "$ping"
    echo "the longest answer took $(cat ping.out) ms"
    [ "$(cat ping.out)" -lt 20000 ]
    # Nor does it hold up somebody who wants as much.
    timeout 120 python3 "$TOOLS/load.py" fast "$SOCK" "$OTHER" >fast.out
    diff expected fast.out
    touch go
    wait "$slow"
    [ "$(cat slow.out)" = "$(clients fast "$LAB_SOCK" "$BLOB")" ]
}

@test "a container that stops reading costs a few MB, and gets all of it in the end" {
    local before writer
    clients crowd "$SOCK" 1
    before=$(rss_kb)
    tethered lab docker exec -i keeper sh -c \
        'touch /here; while [ ! -e /go ]; do sleep 0.1; done; sha256sum' <"$LAB/blob" >sum.out 3>&- &
    writer=$!
    at_end "$writer"
    wait_for 20 lab_docker exec keeper test -e /here
    memory_stays $((before + 8192)) 5
    run -0 clients ping "$SOCK" 1
    [ "$output" -lt 20000 ]
    lab_docker exec keeper touch /go
    wait "$writer"
    [ "$(cut -d' ' -f1 sum.out)" = "$(sha256sum <"$LAB/blob" | cut -d' ' -f1)" ]
    lab_docker exec keeper rm -f /go /here
}
